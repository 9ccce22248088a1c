import type { Shape } from "../../api/client";
import type { Tone } from "../../ui/Badge";

/** What the newest analysis recommends for a symbol. */
export type Signal = Shape<"SignalsAnswer.SignalAnswer">;
/** A side that is recommended. */
export type Side = Signal["side"];

const ARROWS: Readonly<Record<Side, string>> = { BUY: "▲", SELL: "▼", HOLD: "■" };
const TONES: Readonly<Record<Side, Tone>> = { BUY: "ok", SELL: "bad", HOLD: "quiet" };

/** A side with a sign that tells it without colour: ▲ BUY. */
export function sideText(side: string): string {
  return isSide(side) ? `${ARROWS[side]} ${side}` : side;
}

/** The colour of a side; of one that does not hold any more, none. */
export function sideTone(side: string, isValid = true): Tone {
  return isSide(side) && isValid ? TONES[side] : "quiet";
}

/** What acts first, then what still holds, then by name. */
export function inOrder(signals: readonly Signal[]): Signal[] {
  const weight = (signal: Signal) => (signal.valid ? 0 : 2) + (signal.side === "HOLD" ? 1 : 0);
  return [...signals].sort((one, other) => weight(one) - weight(other) || one.symbol.localeCompare(other.symbol));
}

function isSide(side: string): side is Side {
  return side in ARROWS;
}
