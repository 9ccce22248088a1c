import { useMemo } from "react";
import { countText, percentText } from "../format/numbers";
import { priceText } from "../format/prices";
import { type Column, DataTable } from "../ui/DataTable";
import { Panel } from "../ui/Panel";
import type { TimeTexts } from "./axisText";
import type { Slot } from "./slots";
import type { Timeframe } from "./timeframes";
import type { Instrument } from "./useChart";

const SHOWN = 100;
const HOLES = { quiet: "quiet", no_feed: "no feed", unknown: "not known" } as const;

/** The newest bars as a table, for those who cannot see the canvas or want the numbers. */
export function BarsTable(props: {
  slots: readonly Slot[];
  texts: TimeTexts;
  instrument: Instrument;
  timeframe: Timeframe;
}) {
  const { slots, texts, instrument, timeframe } = props;
  const rows = useMemo(() => slots.slice(-SHOWN).reverse(), [slots]);
  const caption = `The last ${rows.length} of ${timeframe} of ${instrument.symbol}, the newest first`;
  return (
    <Panel title={caption} flush>
      <div data-own-keys>
        <DataTable caption={caption} columns={columnsOf(texts, instrument)} rows={rows} keyOf={(slot) => slot.time} />
      </div>
    </Panel>
  );
}

function columnsOf(texts: TimeTexts, instrument: Instrument): readonly Column<Slot>[] {
  const price = (name: "open" | "high" | "low" | "close", heading: string): Column<Slot> => ({
    key: name,
    heading,
    isNumber: true,
    cell: ({ bar }) => (bar === null ? "–" : priceText(bar[name], instrument)),
  });
  return [
    { key: "time", heading: "Opens", cell: (slot) => texts.whole(slot.time) },
    price("open", "Open"),
    price("high", "High"),
    price("low", "Low"),
    price("close", "Close"),
    { key: "volume", heading: "Volume", isNumber: true, cell: ({ bar }) => countText(bar?.volume) },
    { key: "ticks", heading: "Ticks", isNumber: true, cell: ({ bar }) => countText(bar?.tick_count) },
    {
      key: "coverage",
      heading: "Coverage",
      title: "Share of the bar's minutes in which the source was alive",
      isNumber: true,
      cell: ({ bar }) => percentText(bar?.coverage, 0),
    },
    {
      key: "note",
      heading: "Note",
      cell: (slot) => (slot.hole !== null ? `no bar: ${HOLES[slot.hole]}` : slot.isLive ? "running" : ""),
    },
  ];
}
