import type { Letter, LettersAsked } from "../../api/operations";
import type { Tone } from "../../ui/Badge";

export const LETTER_STATES = ["open", "redriven", "discarded", "all"] as const;

/** Kinds that a letter's reason may be about; the names of fields, and three words. */
export const KINDS = [
  "missing",
  "conflict",
  "other",
  "symbol",
  "source",
  "seq",
  "ts",
  "recv_ts",
  "last",
  "bid",
  "ask",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "last_size",
  "bid_size",
  "ask_size",
  "trade",
  "delayed",
  "ts_origin",
  "contract",
  "v",
] as const;

const TONES: Record<Letter["state"], Tone> = { open: "warn", redriven: "ok", discarded: "quiet" };

/** The colour of a letter's state. */
export function letterTone(state: Letter["state"]): Tone {
  return TONES[state];
}

/** What the filters of many letters' re-drive name; `all` where they name nothing. */
export function redriveScope(asked: Pick<LettersAsked, "kind" | "source" | "symbol" | "day">) {
  const { kind = null, source = null, symbol = null, day = null } = asked;
  return { kind, source, symbol, day, all: [kind, source, symbol, day].every((one) => one === null) };
}

/** Which letters a scope means, in words. */
export function scopeText(scope: ReturnType<typeof redriveScope>): string {
  if (scope.all) return "all open letters";
  const parts = [
    scope.kind && `of kind ${scope.kind}`,
    scope.source && `from ${scope.source}`,
    scope.symbol && `of ${scope.symbol}`,
    scope.day && `of the trading day ${scope.day}`,
  ];
  return `open letters ${parts.filter(Boolean).join(", ")}`;
}

/** A field's value as it came: text, or what it was where it is no text, was cut, or came several times. */
export function cameText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return String(value);
  if ("values" in value && Array.isArray(value.values)) {
    return `given ${value.values.length} times: ${value.values.map(cameText).join(" | ")}`;
  }
  const content = "text" in value ? String(value.text) : "base64" in value ? `no text, in base64: ${value.base64}` : "";
  return "bytes" in value ? `${content}… (cut: it had ${value.bytes} bytes)` : content || JSON.stringify(value);
}

/** A field in the form of a correction: another value, or to be taken away; neither leaves it as it came. */
export interface Draft {
  readonly value: string;
  readonly isTaken: boolean;
}

/** The form's fields at the beginning: as the correction has them so far. */
export function draftsOf(
  fields: Readonly<Record<string, unknown>>,
  correction: Readonly<Record<string, string | null>> | null,
): Record<string, Draft> {
  const names = [...new Set([...Object.keys(fields), ...Object.keys(correction ?? {})])];
  return Object.fromEntries(
    names.map((name) => [name, { value: correction?.[name] ?? "", isTaken: correction?.[name] === null }]),
  );
}

/** The whole correction that a form says: taken fields are null, and those left empty are as they came. */
export function correctionOf(drafts: Readonly<Record<string, Draft>>): Record<string, string | null> {
  const said = Object.entries(drafts).filter(([, draft]) => draft.isTaken || draft.value !== "");
  return Object.fromEntries(said.map(([name, draft]) => [name, draft.isTaken ? null : draft.value]));
}

const OUTCOMES: Readonly<Record<string, string>> = {
  stored: "stored",
  already_there: "was stored already",
  refused: "refused",
  passed_over: "closed by somebody else",
};

/** What came of a re-drive, in words; of a dry run what would come. */
export function outcomeText(outcome: string, isDry: boolean): string {
  const text = OUTCOMES[outcome] ?? outcome;
  return isDry && (outcome === "stored" || outcome === "refused") ? `would be ${text}` : text;
}

/** The colour of what came of a re-drive. */
export function outcomeTone(outcome: string): Tone {
  return outcome === "stored" ? "ok" : outcome === "refused" ? "bad" : "quiet";
}
