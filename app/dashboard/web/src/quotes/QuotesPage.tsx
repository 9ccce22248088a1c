import { useQuoteSymbols } from "../live/LiveQuotes";

/** The watchlist, live. */
export function QuotesPage() {
  const symbols = useQuoteSymbols();
  return <h1>{symbols.join(" ")}</h1>;
}
