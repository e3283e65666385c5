// From a row to what is sent: the only place that decides which members leave.
import type { Venture } from './venture.model.ts';
import type { VentureView } from './venture.schema.ts';

type Summary = Omit<VentureView, 'team'> & { teamSize: number };

function presentOwn(venture: Venture): Omit<VentureView, 'team'> {
  const {
    _id: id,
    name,
    description,
    stage,
    industry,
    website,
    visibility,
    state,
    createdAt,
    updatedAt,
    rev,
  } = venture;
  const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
  return { id, name, description, stage, industry, website, visibility, state, ...times, version: rev };
}

/** A venture with its team. */
export function presentVenture(venture: Venture): VentureView {
  const team = venture.team.map(({ userId, role, joinedAt }) => ({ userId, role, joinedAt: joinedAt.toISOString() }));
  return { ...presentOwn(venture), team };
}

/** A venture in a list. */
export function presentSummary(venture: Venture): Summary {
  return { ...presentOwn(venture), teamSize: venture.team.length };
}
