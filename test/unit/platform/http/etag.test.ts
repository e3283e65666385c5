// Entity tags of documents: what If-Match lets pass and what If-None-Match answers with.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AppError } from '#src/platform/errors.ts';
import { requireIfMatch, tagOf, withTag } from '#src/platform/http/etag.ts';

const current = { id: 'ada', rev: 3 };

function codeOf(act: () => unknown): string {
  try {
    return String(act());
  } catch (error) {
    assert.ok(error instanceof AppError);
    return `${error.problem.status} ${error.problem.code}`;
  }
}

describe('entity tags of documents', () => {
  it('lets a change pass only with the tag of the revision it is at', () => {
    for (const header of ['"ada-3"', ' "ada-3" ', '"x-1", "ada-3"', '"ada-3","b-1"', '*']) {
      assert.equal(requireIfMatch(header, current), 3, header);
    }
    assert.equal(
      codeOf(() => requireIfMatch(undefined, current)),
      '428 request.precondition-required',
    );
  });

  it('refuses other revisions, weak tags and what is no list of tags with 412', () => {
    const odd = ['"ada-2"', '"ada-33"', 'W/"ada-3"', 'ada-3', '', '"ada-3" "b"', '"ada-3"x', '"a\u0000"', '"ADA-3"'];
    for (const header of [...odd, `${'"a",'.repeat(5_000)}"ada-3"`]) {
      assert.equal(
        codeOf(() => requireIfMatch(header, current)),
        '412 request.precondition-failed',
        header.slice(0, 40),
      );
    }
  });

  it('answers 304 to whom has this revision, by weak comparison', () => {
    const answer = { status: 200, body: { id: 'ada' }, headers: { Vary: 'Origin' } };
    const tag = tagOf(current);
    for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      assert.deepEqual(withTag(answer, current, header), { status: 304, headers: { Vary: 'Origin', ETag: tag } });
    }
    for (const header of [undefined, '"ada-2"', 'ada-3', '']) {
      assert.deepEqual(withTag(answer, current, header), { ...answer, headers: { Vary: 'Origin', ETag: tag } });
    }
  });
});
