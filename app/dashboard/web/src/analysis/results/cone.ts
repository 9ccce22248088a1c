import type { ConeStep } from "../../charts/Cone";

const SPANS = [1, 2, 5, 10, 20, 40, 60];
const LEAST_STRETCHES = 10;

/**
 * How the volatility of stretches of so many sessions has spread (Burghardt and Lane 1990): the root mean square over each
 * stretch, overlapping ones too, of which there are at least ten and twice as many sessions as one has.
 *
 * Overlapping stretches depend on each other: the spread of long ones is narrower than it would be over more years.
 */
export function coneOf(volatilities: readonly number[]): ConeStep[] {
  return SPANS.filter((span) => volatilities.length >= Math.max(2 * span, span + LEAST_STRETCHES - 1)).map((span) =>
    stepOf(span, volatilities),
  );
}

/** The value below which a share of some rising values lies, between neighbours in proportion. */
export function quantile(rising: readonly number[], share: number): number {
  const place = share * (rising.length - 1);
  const low = rising[Math.floor(place)] ?? Number.NaN;
  const high = rising[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

function stepOf(span: number, volatilities: readonly number[]): ConeStep {
  const stretches = Array.from({ length: volatilities.length - span + 1 }, (_, from) =>
    Math.sqrt(volatilities.slice(from, from + span).reduce((sum, one) => sum + one * one, 0) / span),
  );
  const rising = [...stretches].sort((one, other) => one - other);
  return {
    span,
    least: quantile(rising, 0),
    lower: quantile(rising, 0.25),
    median: quantile(rising, 0.5),
    upper: quantile(rising, 0.75),
    greatest: quantile(rising, 1),
    now: stretches.at(-1) ?? Number.NaN,
  };
}
