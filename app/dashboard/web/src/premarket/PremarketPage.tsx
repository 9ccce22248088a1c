import { useEffect } from "react";
import { Link, useLocation, useParams } from "wouter";
import { ApiProblem } from "../api/problems";
import { Empty, QueryView } from "../ui/states";
import { Coming } from "./Coming";
import { Days } from "./Days";
import { useAskedMarket, useLadder, useLadders } from "./ladders";
import { neighbours } from "./moments";
import { Performance } from "./Performance";
import styles from "./PremarketPage.module.css";
import { ReportPanels } from "./ReportPanels";
import { StageTable } from "./StageTable";
import { useDayKeys } from "./useDayKeys";
import { VerdictPanel } from "./VerdictPanel";
import type { Ladder } from "./words";

/** What leads up to an open: the ladder at hand or that of the day in the address, its report, and the track record. */
export default function PremarketPage() {
  const { day } = useParams<{ day?: string }>();
  const market = useAskedMarket();
  const ladder = useLadder(market, day);
  return (
    <div className="stack">
      <Head shown={day ?? ladder.data?.session_date} market={market} hasLadder={ladder.data !== undefined} />
      {isAbsent(ladder.error) ? (
        <Empty title={day === undefined ? "No ladder is at hand" : "That day has no ladder"}>
          <p>{ladder.error?.message}</p>
          {day !== undefined && <Link href="/premarket">The ladder at hand</Link>}
        </Empty>
      ) : (
        <QueryView query={ladder} what="ladder">
          {(found) => <LadderParts ladder={found} />}
        </QueryView>
      )}
      <Performance />
    </div>
  );
}

function isAbsent(error: Error | null): boolean {
  return error instanceof ApiProblem && error.status === 404;
}

function LadderParts({ ladder }: { ladder: Ladder }) {
  return (
    <>
      <VerdictPanel ladder={ladder} />
      <StageTable ladder={ladder} />
      {ladder.made_at !== null && <ReportPanels key={ladder.session_date} ladder={ladder} />}
    </>
  );
}

function Head(props: { shown: string | undefined; market: string | undefined; hasLadder: boolean }) {
  const { shown, market, hasLadder } = props;
  const ladders = useLadders(market);
  const [, go] = useLocation();
  const all = ladders.data ?? [];
  const { hasNextPage, isFetching, isError, fetchNextPage } = ladders;
  const days = neighbours(all, shown);
  // A day without a ladder is on no page, so that looking for it would load them all.
  const isBeyond = hasLadder && shown !== undefined && days.previous === undefined;
  const asksForMore = isBeyond && hasNextPage && !isFetching && !isError;
  useDayKeys(go, days);
  useEffect(() => {
    if (asksForMore) void fetchNextPage();
  }, [asksForMore, fetchNextPage]);
  return (
    <>
      <div className={styles.head}>
        <h1>Pre-market</h1>
        <nav className="row" aria-label="Days">
          <DayLink day={days.previous}>‹ Day before</DayLink>
          <Link className={styles.step} href="/premarket">
            At hand
          </Link>
          <DayLink day={days.next}>Day after ›</DayLink>
        </nav>
        <Coming ladders={all} shown={shown} />
      </div>
      {isError && all.length === 0 ? (
        <p className="quiet">Which days have a ladder is not known: {ladders.error.message}</p>
      ) : (
        <Days
          ladders={all}
          shown={shown}
          older={{ isThere: hasNextPage, isLoading: isFetching, load: () => void fetchNextPage() }}
        />
      )}
    </>
  );
}

function DayLink({ day, children }: { day: string | undefined; children: string }) {
  if (day === undefined) {
    return (
      <span className={`${styles.step} ${styles.none}`} aria-hidden="true">
        {children}
      </span>
    );
  }
  return (
    <Link className={styles.step} href={`/premarket/${day}`}>
      {children}
    </Link>
  );
}
