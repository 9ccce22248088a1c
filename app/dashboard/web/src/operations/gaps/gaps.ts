import type { Gap, LossesAsked } from "../../api/operations";
import { countText } from "../../format/numbers";
import { durationText } from "../../format/times";
import type { Tone } from "../../ui/Badge";

/** The kinds of evidence that events are gone, and what each means. */
export const LOSS_KINDS: Readonly<Record<NonNullable<LossesAsked["kind"]>, string>> = {
  trimmed_unread: "left the stream before an ingestor had read them",
  trimmed_pending: "were read, not stored, and gone when they were to be read again",
  collector_drop: "a collector had neither Redis nor room on its disk, or its spool was damaged",
  stream_reset: "missing after Redis was flushed or replaced",
  unexplained: "missing without any evidence: a fault, to be looked into",
};

export const GAP_KINDS = ["sequence", "feed"] as const;
export const GAP_STATES = ["open", "backfilled", "unrecoverable"] as const;

const TONES: Record<Gap["state"], Tone> = { open: "warn", backfilled: "ok", unrecoverable: "bad" };
const MEANINGS: Record<Gap["state"], string> = {
  open: "what is missing of it is not accounted for",
  backfilled: "its numbers turned up",
  unrecoverable: "losses account for everything that it lacks",
};

/** The colour of a gap's state, and what the state means. */
export function stateOf(gap: Gap): { tone: Tone; meaning: string } {
  return { tone: TONES[gap.state], meaning: MEANINGS[gap.state] };
}

/** How much a gap lacks: events of a sequence, and the time that it lies over. */
export function lengthText(gap: Gap): string {
  const lasting = durationText(Date.parse(gap.to_ts) - Date.parse(gap.from_ts));
  if (gap.kind === "feed") return lasting;
  return `${countText(gap.missing)} events in ${lasting}`;
}

/** The numbers that a gap lies between; null for a feed gap, which has none. */
export function numbersText(gap: Gap): string | null {
  return gap.from_seq === null ? null : `${countText(gap.from_seq)} to ${countText(gap.to_seq)}`;
}

/** Whose the missing events are, as far as that is known. */
export function symbolsText(gap: Gap): string {
  if (gap.kind === "feed") return "all";
  const known = Object.entries(gap.symbols);
  const sum = known.reduce((all, [, count]) => all + count, 0);
  const rest = gap.missing === null ? 0 : gap.missing - sum;
  const named = known.map(([symbol, count]) => `${symbol} ${countText(count)}`);
  return [...named, ...(rest > 0 ? [`not known ${countText(rest)}`] : [])].join(", ");
}
