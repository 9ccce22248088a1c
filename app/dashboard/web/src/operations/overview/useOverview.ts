import type { UseQueryResult } from "@tanstack/react-query";
import { useReadiness } from "../../api/installation";
import { useAlerts, useCertificates, useCollectors, useGaps, useLakeTotals, useLetters } from "../../api/operations";
import { collectorGravity } from "../../signs/gravity";
import { atLeastText } from "../parts/values";
import type { SectionKey } from "../sections";
import { type Concern, concernsOf, type Known } from "./concerns";

/** What the overview and the tabs show; `unknown` names what could not be asked, `isLoading` that answers are on the way. */
export interface Overview {
  readonly known: Known;
  readonly concerns: readonly Concern[];
  readonly counts: Readonly<Partial<Record<SectionKey, string | number>>>;
  readonly unknown: readonly string[];
  readonly isLoading: boolean;
}

const FIRST_PAGE = 100;

/** How everything stands, asked again every few seconds. */
export function useOverview(): Overview {
  const alerts = useAlerts({ state: "unresolved", limit: FIRST_PAGE });
  const readiness = useReadiness();
  const collectors = useCollectors(5_000);
  const letters = useLetters({ state: "open", limit: FIRST_PAGE });
  const gaps = useGaps({ state: "open", limit: FIRST_PAGE });
  const certificates = useCertificates({});
  const lake = useLakeTotals();
  const known: Known = {
    alerts: alerts.data?.alerts,
    moreAlerts: alerts.data?.next_cursor != null,
    checks: readiness.data?.checks,
    collectors: collectors.data?.collectors,
    letters: letters.data && atLeastText(letters.data.dead_letters.length, letters.data.next_cursor !== null),
    gaps: gaps.data && atLeastText(gaps.data.gaps.length, gaps.data.next_cursor !== null),
    certificates: certificates.data?.certificates,
    lake: lake.data?.totals,
  };
  const asked: Record<string, UseQueryResult<unknown>> = {
    alerts,
    readiness,
    collectors,
    "dead letters": letters,
    gaps,
    certificates,
    lake,
  };
  return {
    known,
    concerns: concernsOf(known),
    counts: countsOf(known),
    unknown: Object.keys(asked).filter((name) => asked[name]?.isError),
    isLoading: Object.values(asked).some((query) => query.isPending),
  };
}

function countsOf(known: Known): Overview["counts"] {
  return {
    alerts: known.alerts && atLeastText(known.alerts.length, known.moreAlerts).replace(/^0$/, ""),
    collectors: known.collectors?.filter((one) => collectorGravity(one) !== null).length,
    sessions: known.certificates?.filter((one) => one.overdue || one.verdict === "failed").length,
    "dead-letters": known.letters?.replace(/^0$/, ""),
    gaps: known.gaps?.replace(/^0$/, ""),
  };
}
