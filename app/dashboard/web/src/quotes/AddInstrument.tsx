import { useId, useState } from "react";
import { useInstruments } from "../api/installation";
import { useMay } from "../caller/Caller";
import { Button } from "../ui/Button";
import { QueryView } from "../ui/states";
import styles from "./WatchlistDialog.module.css";
import { candidates } from "./watchlist";

/** Finds instruments that are not on the list; Enter in the search adds the first. */
export function AddInstrument({ symbols, onAdd }: { symbols: readonly string[]; onAdd: (symbol: string) => void }) {
  const [search, setSearch] = useState("");
  const instruments = useInstruments();
  const { may } = useMay("operator");
  const id = useId();
  const found = candidates(instruments.data?.values() ?? [], symbols, search);
  const add = (symbol: string) => {
    onAdd(symbol);
    setSearch("");
  };
  return (
    <div className={styles.add}>
      <label htmlFor={id}>Add an instrument</label>
      <input
        id={id}
        type="search"
        disabled={!may}
        className={styles.search}
        placeholder="Symbol or name"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          if (found[0] !== undefined) add(found[0].symbol);
        }}
      />
      <QueryView query={instruments} what="instruments">
        {() => (
          <ul className={styles.list} aria-label="Instruments to add" tabIndex={may ? undefined : 0}>
            {found.map((one) => (
              <li key={one.symbol} className={styles.item}>
                <span className={styles.name}>
                  <strong>{one.symbol}</strong> <span className="quiet">{one.name}</span>
                </span>
                <Button kind="bare" aria-label={`Add ${one.symbol}`} disabled={!may} onClick={() => add(one.symbol)}>
                  +
                </Button>
              </li>
            ))}
            {found.length === 0 && <li className="quiet">No instrument that is not watched matches.</li>}
          </ul>
        )}
      </QueryView>
    </div>
  );
}
