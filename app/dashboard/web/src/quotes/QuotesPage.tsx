import { type RefObject, useMemo, useRef, useState } from "react";
import { useInstruments } from "../api/installation";
import { useMay } from "../caller/Caller";
import { useLive, useQuoteSymbols } from "../live/LiveQuotes";
import { usePreferences } from "../preferences/preferences";
import { Button } from "../ui/Button";
import { Empty, ErrorNote, Loading } from "../ui/states";
import { ColumnsDialog } from "./ColumnsDialog";
import { shownColumns } from "./columns";
import { MadeNote } from "./MadeNote";
import styles from "./QuotesPage.module.css";
import { QuoteTable } from "./QuoteTable";
import { StreamBanner } from "./StreamBanner";
import { useQuoteKeys } from "./useQuoteKeys";
import { useWindowWidth } from "./useWindowWidth";
import { WatchlistDialog } from "./WatchlistDialog";
import { matches } from "./watchlist";

type Window = "watchlist" | "columns" | null;

/** The watchlist, live. */
export function QuotesPage() {
  const symbols = useQuoteSymbols();
  const [search, setSearch] = useState("");
  const [opened, open] = useState<Window>(null);
  const { may } = useMay("operator");
  const filter = useRef<HTMLInputElement>(null);
  const [{ quoteColumns }] = usePreferences();
  const windowWidth = useWindowWidth();
  const columns = useMemo(() => shownColumns(quoteColumns, windowWidth), [quoteColumns, windowWidth]);
  const shown = useMatching(symbols, search);
  useQuoteKeys((command) => {
    if (command === "edit") open("watchlist");
    if (command === "filter") filter.current?.focus();
    return command === "edit" || command === "filter";
  });
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <h1>Quotes</h1>
        <MadeNote />
        <div className={styles.actions}>
          <Filter input={filter} search={search} onSearch={setSearch} />
          <Button onClick={() => open("columns")}>Columns</Button>
          <Button onClick={() => open("watchlist")}>{may ? "Edit watchlist" : "Watchlist"}</Button>
        </div>
      </div>
      <StreamBanner />
      {symbols.length === 0 ? (
        <NoQuotes onEdit={() => open("watchlist")} />
      ) : shown.length === 0 ? (
        <Empty title={`No watched symbol or name has “${search}”`}>Escape in the filter clears it.</Empty>
      ) : (
        <QuoteTable symbols={shown} columns={columns} />
      )}
      {opened === "watchlist" && <WatchlistDialog onClose={() => open(null)} />}
      {opened === "columns" && <ColumnsDialog windowWidth={windowWidth} onClose={() => open(null)} />}
    </div>
  );
}

function NoQuotes({ onEdit }: { onEdit: () => void }) {
  const { standing, refresh } = useLive();
  if (standing.hasSnapshot) {
    return (
      <Empty title="The watchlist is empty">
        <p>Choose what is to be collected and shown here.</p>
        <Button kind="primary" onClick={onEdit}>
          Edit watchlist
        </Button>
      </Empty>
    );
  }
  if (standing.problem !== null) return <ErrorNote error={standing.problem} retry={refresh} />;
  return <Loading what="quotes" />;
}

function Filter(props: {
  input: RefObject<HTMLInputElement | null>;
  search: string;
  onSearch: (search: string) => void;
}) {
  const { input, search, onSearch } = props;
  return (
    <input
      ref={input}
      type="search"
      className={styles.filter}
      aria-label="Filter by symbol or name"
      aria-keyshortcuts="/"
      placeholder="Filter  /"
      value={search}
      onChange={(event) => onSearch(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") onSearch("");
        if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
      }}
    />
  );
}

function useMatching(symbols: readonly string[], search: string): readonly string[] {
  const instruments = useInstruments().data;
  return useMemo(() => {
    if (search.trim() === "") return symbols;
    return symbols.filter((symbol) => matches({ symbol, name: instruments?.get(symbol)?.name ?? "" }, search));
  }, [symbols, search, instruments]);
}
