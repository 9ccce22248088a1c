import { useQuery } from "@tanstack/react-query";
import { answered, api, type Shape } from "../api/client";
import { binsOf, type ReliabilityBin } from "../charts/bins";
import { at, type Figure, figureAt, shareOf } from "./figures";

/** How a model's predictions of a symbol at a horizon did. */
export type Series = Shape<"PerformanceAnswer.SeriesPerformanceAnswer">;
/** How they had done when a session was over. */
export type SessionScore = Series["history"][number];

/** Which predictions of a series are meant. */
export type Span = "all" | "last_100";

const SESSIONS = 120;

/** How the predictions of each model did; it changes when a session is over. */
export function usePerformance() {
  return useQuery({
    queryKey: ["predictions", "performance", SESSIONS],
    queryFn: ({ signal }) =>
      answered(api.GET("/api/predictions/performance", { params: { query: { sessions: SESSIONS } }, signal })),
    staleTime: 60_000,
    refetchInterval: 300_000,
  });
}

/** What tells series apart. */
export function keyOf(series: Series): string {
  return `${series.model_id} ${series.symbol} ${series.horizon}`;
}

/** A figure of a span of a series, such as `brier`. */
export function figureOf(series: Series, span: Span, name: string): Figure | null {
  const figure = figureAt(series.figures, span, name);
  return name === "hit_rate" ? shareOf(figure) : figure;
}

/** The sum that watches for predictions which become worse than the base rate. */
export function driftOf(series: Series): Figure | null {
  return figureAt(series.figures, "degradation", "cusum");
}

/** The skill of the newest predictions that said anything, which also tells whether they have become worse. */
export function latestOf(series: Series): Figure | null {
  return figureAt(series.figures, "degradation", "last_200");
}

/** How many predictions were made too late to count. */
export function madeLaterOf(series: Series): number {
  return Number(at(series.figures, "made_later") ?? 0);
}

/** The bins of a series' reliability diagram; none where there are too few outcomes. */
export function binsIn(series: Series, span: Span): readonly ReliabilityBin[] {
  return binsOf(at(series.figures, span, "bins"));
}
