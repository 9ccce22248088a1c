import { useMemo } from "react";
import { useServerNow } from "../live/ServerClock";
import { useAnalysis, useSignal } from "./analysis";
import type { Level } from "./Board";
import type { Switches } from "./ChartView";
import type { Colours } from "./colours";
import { levelsOf, linesOf } from "./levels";
import { signalAt, signalMarkers } from "./signals";
import type { Slot } from "./slots";

/** The lines and marks over the bars: the displayed last price, the levels and the signal, as it is now, of the last analysis. */
export function useAnalysisLines(
  symbol: string,
  chart: { readonly slots: readonly Slot[]; readonly last: string | null; readonly why: string | null },
  colours: Colours,
  switches: Switches,
) {
  const { slots, last } = chart;
  const isCurrent = chart.why === null;
  const { jobs, found } = useAnalysis(symbol);
  const { data: told, error, refetch } = useSignal(symbol);
  const now = useServerNow();
  // One that has expired is made anew each second, and must not be another for that.
  const known = told ? signalAt(told, now) : told;
  const isValid = known?.valid;
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above.
  const data = useMemo(() => known, [told, isValid]);
  const levels = useMemo(() => (found.data ? levelsOf(found.data, symbol) : null), [found.data, symbol]);
  const lines = useMemo<readonly Level[]>(() => {
    const colour = isCurrent ? colours.accent : colours.quiet;
    const title = isCurrent ? "last" : "last, not current";
    const price = last === null ? [] : [{ price: Number(last), title, colour, isDashed: true }];
    return [...(switches.levels && levels !== null ? linesOf(levels, colours) : []), ...price];
  }, [switches.levels, levels, colours, last, isCurrent]);
  // The signal stands at a bar that has closed, so that the running one moves no mark.
  const count = slots.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above.
  const markers = useMemo(
    () => (switches.signal && data ? signalMarkers(data, slots, colours) : []),
    [switches.signal, data, slots[0], count, colours],
  );
  return { jobs, found, signal: { data, error, refetch }, levels, lines, markers };
}
