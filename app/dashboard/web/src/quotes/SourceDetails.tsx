import { decimalText, UNKNOWN } from "../format/numbers";
import { type Priced, priceText } from "../format/prices";
import { durationText } from "../format/times";
import { useQuoteRow } from "../live/LiveQuotes";
import type { Quote } from "../live/quotes";
import { Badge } from "../ui/Badge";
import { type Column, DataTable } from "../ui/DataTable";
import { Instant } from "../ui/Instant";
import { FRESHNESS_WORDS } from "./freshness";
import styles from "./SourceDetails.module.css";

type Opinion = Quote["sources"][number];

/** What each live source says of a symbol, how far that is from what is shown, and how much older it is. */
export function SourceDetails({ symbol, instrument }: { symbol: string; instrument: Priced | undefined }) {
  const quote = useQuoteRow(symbol)?.quote;
  if (quote === undefined) return null;
  return (
    <div className={styles.details}>
      <p>
        {quote.source === null ? (
          `Nobody has quoted ${symbol} yet: there is nothing to compare.`
        ) : (
          <>
            {symbol} as {quote.source} has it; event of <Instant at={quote.ts} form="time" />, received{" "}
            <Instant at={quote.recv_ts} form="time" />.{" "}
            {quote.ts_origin === "local" && "Its time is this machine's, not the exchange's. "}
            {quote.sources.length === 0 && "No live source tells it, so there is nothing to compare."}
          </>
        )}
      </p>
      {quote.sources.length > 0 && (
        <DataTable
          caption={`Live sources of ${symbol}`}
          columns={columnsOf(quote, instrument)}
          rows={quote.sources}
          keyOf={(one) => one.source}
        />
      )}
    </div>
  );
}

function columnsOf(quote: Quote, instrument: Priced | undefined): readonly Column<Opinion>[] {
  const price = (value: string | null) => (value === null ? UNKNOWN : priceText(value, instrument));
  return [
    { key: "source", heading: "Source", cell: (one) => one.source },
    { key: "verdict", heading: "Verdict", cell: (one) => <Verdict quote={quote} one={one} /> },
    { key: "last", heading: "Last", isNumber: true, cell: (one) => price(one.last) },
    { key: "bid", heading: "Bid", isNumber: true, cell: (one) => price(one.bid) },
    { key: "ask", heading: "Ask", isNumber: true, cell: (one) => price(one.ask) },
    {
      key: "ticks",
      heading: "Middle differs by",
      title: "Middle of bid and ask less that of the shown quote",
      isNumber: true,
      cell: (one) => ticksText(one.mid_difference_ticks),
    },
    {
      key: "lag",
      heading: "Lag",
      title: "How much older than the shown quote",
      isNumber: true,
      cell: (one) => (one.source === quote.source ? UNKNOWN : lagText(one.lag_ms)),
    },
    { key: "contract", heading: "Contract", cell: (one) => one.contract ?? UNKNOWN },
    { key: "state", heading: "State", cell: (one) => FRESHNESS_WORDS[one.state] },
  ];
}

function Verdict({ quote, one }: { quote: Quote; one: Opinion }) {
  if (one.source === quote.source) return <Badge tone="info">shown</Badge>;
  if (quote.disagrees.includes(one.source)) return <Badge tone="warn">differs for 30 s or lags</Badge>;
  if (one.agrees === null) return <Badge tone="quiet">cannot be compared</Badge>;
  return one.agrees ? <Badge tone="ok">agrees</Badge> : <Badge tone="quiet">differs now</Badge>;
}

/** A difference in ticks with its sign; a dash where the two cannot be compared. */
export function ticksText(ticks: string | null): string {
  if (ticks === null) return UNKNOWN;
  const value = Number(ticks);
  const text = decimalText(Math.abs(value), Number.isInteger(value) ? 0 : 1);
  return `${value > 0 ? "+" : value < 0 ? "−" : ""}${text} ${Math.abs(value) === 1 ? "tick" : "ticks"}`;
}

/** How much older or newer a quote is than the shown one. */
export function lagText(ms: number): string {
  if (ms === 0) return "none";
  return `${durationText(Math.abs(ms))} ${ms > 0 ? "older" : "newer"}`;
}
