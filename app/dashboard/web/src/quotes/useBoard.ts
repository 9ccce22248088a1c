import { useEffect, useMemo } from "react";
import { answered, api } from "../api/client";
import { useDesk, useInstruments } from "../api/installation";
import { timeText } from "../format/times";
import { useQuoteStore, useQuoteSymbols, useStanding } from "../live/LiveQuotes";
import type { Quote } from "../live/quotes";
import { useServerClock } from "../live/ServerClock";
import { useZone } from "../preferences/useZone";
import { Board } from "./Board";
import { Sparks } from "./Sparks";

/** The board of this page, ticking once a second while it is open and seen. */
export function useBoard(): Board {
  const store = useQuoteStore();
  const clock = useServerClock();
  const symbols = useQuoteSymbols();
  const instruments = useInstruments().data;
  const staleAfterMs = useDesk().data?.stale_after_ms ?? null;
  const isLost = useStanding().state === "lost";
  const zone = useZone();
  const sparks = useMemo(() => new Sparks(fetchBars, () => performance.now()), []);
  const board = useMemo(() => new Board(store, sparks, () => clock.now()), [store, sparks, clock]);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && board.tick(), 1_000);
    return () => {
      clearInterval(timer);
      board.end();
    };
  }, [board]);
  useEffect(() => sparks.keepOnly(symbols), [sparks, symbols]);
  useEffect(() => {
    board.show({ staleAfterMs, isLost, instruments, timeOf: (at) => timeText(at, zone) });
  }, [board, staleAfterMs, isLost, instruments, zone]);
  return board;
}

async function fetchBars(symbol: string, source: Quote["source"], signal: AbortSignal) {
  const query = { symbol, timeframe: "5m", source: source ?? undefined } as const;
  const bars = await answered(api.GET("/api/bars", { params: { query }, signal }));
  if (typeof bars === "string") throw new TypeError("bars came as text, not as JSON");
  return bars;
}
