// The colours of a picture, by day and by night, as one style sheet. Called by svg.ts.
import { createHash } from 'node:crypto';

interface Colours {
  readonly paper: string;
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly box: string;
  readonly region: string;
  readonly seen: string;
  readonly lit: string;
  readonly litBox: string;
  readonly litInk: string;
  readonly around: string;
  readonly trail: string;
  readonly label: string;
  readonly bad: string;
  readonly badInk: string;
  readonly time: string;
}

const day: Colours = {
  paper: '#ffffff',
  ink: '#1b2330',
  faint: '#566071',
  line: '#8b95a7',
  box: '#f6f8fb',
  region: '#fbfcfe',
  seen: '#e4f3ec',
  lit: '#0f5fd7',
  litBox: '#1769e0',
  litInk: '#ffffff',
  around: '#eaf2fe',
  trail: '#12805c',
  label: '#ffffff',
  bad: '#c62a2f',
  badInk: '#ffffff',
  time: '#8a5300',
};

const night: Colours = {
  paper: '#10151d',
  ink: '#e8edf5',
  faint: '#a3aec0',
  line: '#6f7b90',
  box: '#1b222d',
  region: '#151b25',
  seen: '#163328',
  lit: '#6ba6ff',
  litBox: '#2f78e6',
  litInk: '#ffffff',
  around: '#172840',
  trail: '#46c495',
  label: '#10151d',
  bad: '#ff6b6b',
  badInk: '#2a0a0a',
  time: '#f0b354',
};

// No variables: what turns pictures into bitmaps often knows only plain rules.
function rules(of: Colours): string {
  return [
    `.paper{fill:${of.paper}}`,
    `text{fill:${of.ink}}`,
    `.detail,.guard,.note{fill:${of.faint}}`,
    `.box{fill:${of.box};stroke:${of.line}}`,
    `.group>.box{fill:${of.region}}`,
    `.visited>.box{stroke:${of.trail}}`,
    `.visited.leaf>.box{fill:${of.seen}}`,
    `.lit>.box{stroke:${of.lit}}`,
    `.lit.group>.box{fill:${of.around}}`,
    `.lit.leaf>.box{fill:${of.litBox}}`,
    `.lit.leaf>text{fill:${of.litInk}}`,
    `.lit.leaf>.ring{stroke:${of.litInk}}`,
    `.rule,.ring{stroke:${of.line}}`,
    `.dot,.head{fill:${of.line}}`,
    `.way{stroke:${of.line}}`,
    `.pill{fill:${of.label};stroke:${of.line}}`,
    `.taken .way,.taken .pill{stroke:${of.trail}}`,
    `.taken .head{fill:${of.trail}}`,
    `.time{fill:${of.time}}`,
    `.dial{stroke:${of.line}}`,
    `.hand{stroke:${of.time}}`,
    `.bad{fill:${of.bad}}`,
    `.failed>.box{stroke:${of.bad}}`,
    `.badge text{fill:${of.badInk}}`,
  ].join('');
}

const shapes = [
  'text{font-family:"Segoe UI",Roboto,Helvetica,Arial,"DejaVu Sans",sans-serif;white-space:pre}',
  '.title,.name{font-weight:600}.name{font-size:14px}.title{font-size:17px}',
  '.detail,.guard,.note,.time{font-size:11px}.event{font-size:12px;font-weight:600}',
  '.box{stroke-width:1.25}.visited>.box{stroke-width:1.75}.lit>.box{stroke-width:2.25}.region>.box{stroke-dasharray:6 4}',
  '.way{fill:none;stroke-width:1.4}.taken .way{stroke-width:2.6}.pill{stroke-width:1}.ring,.dial,.hand{fill:none}',
  '.failed>.box{stroke-width:2.25}.hand{stroke-width:2.5}.dial{stroke-width:1}.badge text,.history text{text-anchor:middle}',
].join('');

/** The whole style sheet of every picture. */
export const styleSheet = `${shapes}${rules(day)}@media (prefers-color-scheme:dark){${rules(night)}}`;

/**
 * The Content-Security-Policy to send with a picture: its own style sheet, by digest, and nothing else. Without it, a
 * door's `default-src 'none'` would show it black on white.
 */
export const picturePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(styleSheet).digest('base64')}'; frame-ancestors 'none'`;
