import type { Check } from "../../api/operations";
import { countText, decimalText, UNKNOWN } from "../../format/numbers";
import { ageText } from "../../format/times";
import { numberIn, numbersIn, valueText } from "../parts/values";

/** A figure of the pipeline: of which part, what it is now, and what it means. */
export interface Figure {
  readonly part: string;
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
  readonly isOk: boolean | null;
}

/** Every figure of stream, ingest, workers and quote stream; what no check tells is not known. */
export function figuresOf(checks: readonly Check[]): Figure[] {
  const check = (name: string) => checks.find((one) => one.name === name);
  const rows = (part: string, name: string, figures: readonly [string, string, string][]) =>
    figures.map(([label, value, meaning]) => ({ part, name: label, value, meaning, isOk: check(name)?.ok ?? null }));
  const count = (name: string, field: string) => countText(numberIn(check(name), field));
  const age = (name: string, field: string) => seconds(numberIn(check(name), field));
  return [
    ...rows("Stream in Redis", "room", [
      ["entries", count("room", "length"), "entries that Redis keeps, stored ones too"],
      ["room for", count("room", "cap"), "beyond that the oldest leave"],
      ["fill", percent(numberIn(check("room"), "fill_percent")), "of that room"],
    ]),
    ...rows("Ingest", "ingest", [
      ["behind", count("ingest", "behind"), "entries that no ingestor has read yet"],
      ["pending", count("ingest", "pending"), "entries that were read and are not stored yet"],
      ["last progress", age("ingest", "progress_age_s"), "since an ingestor last stored or found nothing to do"],
      ["ingestors", count("ingest", "ingestors"), "processes that store"],
      ["standing still", valueText(check("ingest")?.standing_still), "ingestors without progress, with what they hold"],
    ]),
    ...rows("Workers", "queues", queues(check("queues"))),
    ...rows("Ledger", "ledger", [
      ["unexplained", count("ledger", "unexplained_24h"), "events lost in 24 h that nothing explains: should be 0"],
    ]),
    ...rows("Stream to pages", "stream", [
      ["clients", count("stream", "clients"), "pages and programs that listen"],
      ["sent", count("stream", "sent"), "events since the server began"],
      ["conflated", count("stream", "conflated"), "events left out for clients that read too slowly"],
      ["cut", count("stream", "cut"), "clients that were cut off as they did not read"],
      ["resets", count("stream", "resets"), "clients that had to begin anew with a snapshot"],
      ["refused", count("stream", "refused"), "clients for whom no place was left"],
      ["bus", valueText(check("stream")?.bus), "how the server's own reading of Redis stands"],
    ]),
  ];
}

function queues(check: Check | undefined): [string, string, string][] {
  const pulses = Object.entries(numbersIn(check, "pulse_age_s"));
  if (pulses.length === 0) return [["queues", UNKNOWN, "no queue has told of itself"]];
  return pulses.map(([name, age]) => [`queue ${name}`, seconds(age), "since a worker of it last gave a sign of life"]);
}

function seconds(age: number | null): string {
  return age === null ? UNKNOWN : ageText(age * 1_000);
}

function percent(value: number | null): string {
  return value === null ? UNKNOWN : `${decimalText(value, 1)} %`;
}
