import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answered, api, type MarketName } from "../../api/client";
import { useDesk } from "../../api/installation";
import { useCertificates } from "../../api/operations";
import { useServerNow } from "../../live/ServerClock";
import { Button } from "../../ui/Button";
import { Panel } from "../../ui/Panel";
import { ErrorNote, QueryView } from "../../ui/states";
import { Choice } from "../parts/Filters";
import parts from "../parts/parts.module.css";
import { useFilters } from "../parts/useFilters";
import { MonthGrid } from "./MonthGrid";
import { dateIn, daysOf, monthOf, shiftedMonth, weeksOf } from "./month";
import { SessionDay } from "./SessionDay";
import styles from "./sessions.module.css";

const MONTH = new Intl.DateTimeFormat("en-US", { timeZone: "UTC", month: "long", year: "numeric" });

/** A market's month with what became of each session, and the record of a chosen day. */
export function SessionsSection() {
  const [chosen, choose] = useFilters(["market", "month", "day"]);
  const desk = useDesk().data;
  const now = useServerNow(30_000);
  const market = (chosen.market || desk?.market) as MarketName | undefined;
  const zone = desk?.markets.find((one) => one.name === market)?.timezone ?? "UTC";
  const today = dateIn(now, zone);
  const month = /^\d{4}-(0[1-9]|1[0-2])$/.test(chosen.month) ? chosen.month : monthOf(chosen.day || today);
  const days = weeksOf(month).flat();
  const asked = { market, start: days[0], end: days.at(-1) };
  const calendar = useCalendar(asked);
  const certificates = useCertificates({ ...asked, end: (asked.end ?? today) < today ? asked.end : undefined });
  const go = (by: number) => choose({ month: shiftedMonth(month, by), day: "" });
  return (
    <div className={styles.sessions}>
      <Panel
        title={<span aria-live="polite">{MONTH.format(new Date(`${month}-01T00:00:00Z`))}</span>}
        actions={
          <>
            <Choice
              label="Market"
              value={market ?? ""}
              options={(desk?.markets ?? []).map((one) => [one.name, one.name.replaceAll("_", " ")] as const)}
              onChange={(to) => choose({ market: to })}
            />
            <Button className={parts.small} onClick={() => go(-1)}>
              ← Previous
            </Button>
            <Button className={parts.small} onClick={() => choose({ month: monthOf(today), day: "" })}>
              Today
            </Button>
            <Button className={parts.small} onClick={() => go(1)}>
              Next →
            </Button>
          </>
        }
      >
        {certificates.error && <ErrorNote error={certificates.error} retry={() => void certificates.refetch()} />}
        <QueryView query={calendar} what="calendar">
          {(told) => (
            <MonthGrid
              weeks={daysOf(month, told, certificates.data?.certificates ?? [])}
              today={today}
              now={now}
              selected={chosen.day}
              checkedUntil={told.checked_until}
              market={told.market}
              onSelect={(day) => choose({ month, day })}
            />
          )}
        </QueryView>
      </Panel>
      <SessionDay day={chosen.day} market={market ?? calendar.data?.market} onMarket={(to) => choose({ market: to })} />
    </div>
  );
}

function useCalendar(query: { market: MarketName | undefined; start: string | undefined; end: string | undefined }) {
  return useQuery({
    queryKey: ["sessions", query],
    queryFn: ({ signal }) => answered(api.GET("/api/sessions", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}
