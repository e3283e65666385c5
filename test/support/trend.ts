// Whether a figure that was looked at again and again grows: a straight line through the second half of its samples.

/** A figure's level and how much it grew over the second half, both by the line of least squares. */
export interface Trend {
  readonly level: number;
  readonly growth: number;
}

/** The trend of samples taken at equal distances. The first half is warming up. */
export function trendOf(samples: readonly number[]): Trend {
  const half = samples.slice(Math.floor(samples.length / 2));
  const count = half.length;
  const level = half.reduce((sum, value) => sum + value, 0) / Math.max(count, 1);
  const middle = (count - 1) / 2;
  const spread = half.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  const slope = half.reduce((sum, value, index) => sum + (index - middle) * (value - level), 0) / Math.max(spread, 1);
  return { level, growth: slope * Math.max(count - 1, 0) };
}

/** What a figure may grow by: a share of its level, or an amount where the level is small. */
export interface Bound {
  readonly share: number;
  readonly amount: number;
}

/** True where the figure grows beyond the bound. */
export function grows(trend: Trend, { share, amount }: Bound): boolean {
  return trend.growth > Math.max(trend.level * share, amount);
}
