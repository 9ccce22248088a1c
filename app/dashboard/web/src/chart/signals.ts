import type { SeriesMarker, Time, UTCTimestamp } from "lightweight-charts";
import type { AnalysisDocument, Signal } from "./analysis";
import type { Colours } from "./colours";
import type { Slot } from "./slots";
import { placeOf } from "./view";

const SIGNS = { BUY: "▲", SELL: "▼", HOLD: "■" } as const;

/** A signal's side with its sign, and that it has expired where it has. */
export function signalText(signal: Signal): string {
  return `${SIGNS[signal.side]} ${signal.side}${signal.valid ? "" : " (expired)"}`;
}

/** A signal as it is at an instant by the server's clock: it may have expired since the server told it. */
export function signalAt(signal: Signal, now: number): Signal {
  return signal.valid && now >= Date.parse(signal.valid_until) ? { ...signal, valid: false } : signal;
}

/** Why a signal is what it is: in the words of its analysis where those are at hand, else by its code. */
export function reasonText(signal: Signal, document: AnalysisDocument | undefined): string | null {
  const said = document?.job.id === signal.job_id ? document.symbols[signal.symbol] : undefined;
  const words = (said as { recommendation?: { reason?: unknown } } | undefined)?.recommendation?.reason;
  if (typeof words === "string" && words !== "") return words;
  return signal.reason_code === "" ? null : signal.reason_code.replaceAll("_", " ");
}

/** The mark of a signal at the newest bar that it knew; none where the chart does not reach that. */
export function signalMarkers(signal: Signal, slots: readonly Slot[], colours: Colours): SeriesMarker<Time>[] {
  const asof = Date.parse(signal.asof);
  const first = slots[0];
  if (first === undefined || asof < first.close) return [];
  const known = slots
    .slice(0, placeOf(slots, asof / 1_000))
    .findLast((slot) => slot.bar !== null && slot.close <= asof);
  if (known === undefined) return [];
  const isBuy = signal.side === "BUY";
  const colour = { BUY: colours.up, SELL: colours.down, HOLD: colours.accent }[signal.side];
  return [
    {
      time: known.time as UTCTimestamp,
      position: isBuy ? "belowBar" : "aboveBar",
      shape: signal.side === "HOLD" ? "square" : isBuy ? "arrowUp" : "arrowDown",
      color: signal.valid ? colour : colours.quiet,
      text: `${signal.side}${signal.valid ? "" : " (expired)"}`,
    },
  ];
}
