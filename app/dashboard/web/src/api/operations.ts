import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answered, api, type Shape } from "./client";
import type { paths } from "./schema";

type Query<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Asked } } }
  ? NonNullable<Asked>
  : never;

export type Alert = Shape<"AlertAnswer">;
export type Collector = Shape<"CollectorAnswer">;
export type Check = Shape<"ReadinessAnswer.CheckAnswer">;
export type Gap = Shape<"GapsAnswer.GapAnswer">;
export type Loss = Shape<"LossesAnswer.LossAnswer">;
export type LakeTotals = Shape<"LakeAnswer.LakeTotals">;
export type Letter = Shape<"LettersAnswer.LetterSummary">;
export type Certified =
  paths["/api/certificates"]["get"]["responses"][200]["content"]["application/json"]["certificates"][number];

export type AlertsAsked = Query<"/api/alerts">;
export type AuditAsked = Query<"/api/audit">;
export type AuditEntry = Shape<"AuditAnswer.AuditEntryAnswer">;
export type GapsAsked = Query<"/api/gaps">;
export type LossesAsked = Query<"/api/losses">;
export type LettersAsked = Query<"/api/dead-letters">;
export type SourceName = NonNullable<GapsAsked["source"]>;

/** The sources that events may have, as filters offer them. */
export const SOURCES: readonly SourceName[] = ["SCHWAB", "EXCEL", "SIMULATED", "REPLAY"];

/** A page of alerts, asked again every ten seconds. */
export function useAlerts(query: AlertsAsked) {
  return useQuery({
    queryKey: ["alerts", query],
    queryFn: ({ signal }) => answered(api.GET("/api/alerts", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });
}

/** How every source is collected, asked again every `everyMs`. */
export function useCollectors(everyMs = 3_000) {
  return useQuery({
    queryKey: ["collectors"],
    queryFn: ({ signal }) => answered(api.GET("/api/collectors", { signal })),
    refetchInterval: everyMs,
  });
}

/** A page of gaps. */
export function useGaps(query: GapsAsked) {
  return useQuery({
    queryKey: ["gaps", query],
    queryFn: ({ signal }) => answered(api.GET("/api/gaps", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 20_000,
  });
}

/** A page of losses, and the sums of all by kind. */
export function useLosses(query: LossesAsked) {
  return useQuery({
    queryKey: ["losses", query],
    queryFn: ({ signal }) => answered(api.GET("/api/losses", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 20_000,
  });
}

/** A page of dead letters. */
export function useLetters(query: LettersAsked) {
  return useQuery({
    queryKey: ["dead-letters", query],
    queryFn: ({ signal }) => answered(api.GET("/api/dead-letters", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 20_000,
  });
}

/** A page of the audit, for admins; nothing is asked while `isOpen` is false. */
export function useAudit(query: AuditAsked, isOpen: boolean) {
  return useQuery({
    queryKey: ["audit", query],
    queryFn: ({ signal }) => answered(api.GET("/api/audit", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 20_000,
    enabled: isOpen,
  });
}

/** What the lake has in all: its totals. */
export function useLakeTotals() {
  return useQuery({
    queryKey: ["lake", "totals"],
    queryFn: ({ signal }) => answered(api.GET("/api/lake", { params: { query: { limit: 1 } }, signal })),
    refetchInterval: 30_000,
  });
}

/** The past sessions of some days with their certificates; of all markets unless one is named. */
export function useCertificates(query: Query<"/api/certificates">) {
  return useQuery({
    queryKey: ["certificates", query],
    queryFn: ({ signal }) => answered(api.GET("/api/certificates", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}

/** The balance of a trading day; the running one unless a day is named. */
export function useBalance(day: string | undefined) {
  return useQuery({
    queryKey: ["accounting", day ?? null],
    queryFn: ({ signal }) => answered(api.GET("/api/accounting", { params: { query: { day } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 20_000,
  });
}
