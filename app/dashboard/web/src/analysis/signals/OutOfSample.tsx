import { useQuery } from "@tanstack/react-query";
import { resultsQuery } from "../jobs/queries";
import { FigureValue } from "../results/FigureValue";
import { figureOf } from "../results/figures";

const PATH = ["recommendation", "out_of_sample", "brier_skill"] as const;

/** The skill that a symbol's recommendation rests on, from what its job found. */
export function OutOfSample({ jobId, symbol }: { jobId: number; symbol: string }) {
  const query = useQuery({
    ...resultsQuery(jobId),
    select: (document) => figureOf(document.symbols, symbol, ...PATH) ?? null,
  });
  if (query.data === undefined)
    return <span className="quiet">{query.error ? `not known: ${query.error.message}` : "…"}</span>;
  if (query.data === null) return <span className="quiet">none was told</span>;
  return <FigureValue figure={query.data} path={["symbols", symbol, ...PATH]} />;
}
