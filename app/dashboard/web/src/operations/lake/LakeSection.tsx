import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api } from "../../api/client";
import { bytesText, countText } from "../../format/numbers";
import { Button } from "../../ui/Button";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { Choice, DayField, Filters, SymbolField } from "../parts/Filters";
import parts from "../parts/parts.module.css";
import { oneOf, useFilters } from "../parts/useFilters";
import { Backfill } from "./Backfill";
import { CellPanel } from "./CellPanel";
import { type Cell, gridOf } from "./grid";
import { LakeGrid } from "./LakeGrid";
import styles from "./lake.module.css";

const PAGE = 600;

/** The lake as a grid of days and symbols, its totals, and what is in a chosen cell. */
export function LakeSection() {
  const [chosen, choose] = useFilters(["kind", "start", "end", "symbol", "cell"]);
  const [isFilling, setFilling] = useState(false);
  const kind = oneOf(chosen.kind, ["bars"]) ?? "ticks";
  const lake = useLake({
    kind,
    start: chosen.start || undefined,
    end: chosen.end || undefined,
    symbol: chosen.symbol || undefined,
  });
  const filters = (
    <Filters>
      <Choice
        label="Kind"
        value={kind}
        options={[
          ["ticks", "ticks"],
          ["bars", "bars"],
        ]}
        onChange={(to) => choose({ kind: to })}
      />
      <DayField label="From" value={chosen.start} onChange={(start) => choose({ start })} />
      <DayField label="To" value={chosen.end} onChange={(end) => choose({ end })} />
      <SymbolField value={chosen.symbol} onChange={(symbol) => choose({ symbol })} />
      <Button onClick={() => setFilling(true)}>Write what is missing…</Button>
    </Filters>
  );
  return (
    <div className={styles.lake}>
      <Panel title="Lake" actions={filters}>
        <QueryView
          query={lake}
          what="lake"
          isEmpty={(told) => told.pages.every((page) => page.partitions.length === 0)}
          empty={
            <Empty title="The lake has nothing of these days">
              Files are written after each close; of a running session there are ticks once some are stored.
            </Empty>
          }
        >
          {(told) => {
            const grid = gridOf(told.pages.flatMap((page) => page.partitions));
            const [first] = told.pages;
            return (
              <div className="stack">
                {first && <Totals totals={first.totals} kind={kind} />}
                <LakeGrid grid={grid} selected={chosen.cell} onSelect={(cell) => choose({ cell: keyOf(cell) })} />
                {lake.hasNextPage && (
                  <Button
                    className={parts.small}
                    disabled={lake.isFetchingNextPage}
                    onClick={() => void lake.fetchNextPage()}
                  >
                    Older days
                  </Button>
                )}
              </div>
            );
          }}
        </QueryView>
      </Panel>
      <CellPanel cell={cellNamed(chosen.cell, lake.data?.pages.flatMap((page) => page.partitions) ?? [])} />
      {isFilling && <Backfill start={chosen.start} end={chosen.end} onClose={() => setFilling(false)} />}
    </div>
  );
}

function useLake(query: { kind: "ticks" | "bars"; start?: string; end?: string; symbol?: string }) {
  return useInfiniteQuery({
    queryKey: ["lake", query],
    queryFn: ({ signal, pageParam }) =>
      answered(
        api.GET("/api/lake", { params: { query: { ...query, limit: PAGE, cursor: pageParam ?? undefined } }, signal }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
}

function Totals({
  totals,
  kind,
}: {
  totals: { files: number; days: number; rows: number; bytes: number; missing: number };
  kind: string;
}) {
  return (
    <p className={styles.totals}>
      Files of {kind} <b>{countText(totals.files)}</b>, trading days <b>{countText(totals.days)}</b>, rows{" "}
      <b>{countText(totals.rows)}</b>, size <b>{bytesText(totals.bytes)}</b>,{" "}
      <b className={totals.missing > 0 ? styles.bad : undefined}>{countText(totals.missing)}</b> missing of sessions
      that are over
    </p>
  );
}

function keyOf(cell: Cell): string {
  return `${cell.date}.${cell.symbol}`;
}

function cellNamed(key: string, partitions: Parameters<typeof gridOf>[0]): Cell | undefined {
  const [day = "", symbol = ""] = key.split(".");
  return gridOf(partitions).cellAt(day, symbol);
}
