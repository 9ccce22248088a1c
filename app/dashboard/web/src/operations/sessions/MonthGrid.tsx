import { dayText, timeText } from "../../format/times";
import { useZone } from "../../preferences/useZone";
import { useGridKeys } from "../parts/useGridKeys";
import { type Day, isRunning } from "./month";
import styles from "./sessions.module.css";
import { certificateWord, remarksOf, VERDICTS } from "./words";

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** A month as a grid of days; those with a session open their record. */
export function MonthGrid({
  weeks,
  today,
  now,
  selected,
  checkedUntil,
  market,
  onSelect,
}: {
  weeks: readonly (readonly Day[])[];
  today: string;
  now: number;
  selected: string;
  checkedUntil: string;
  market: string;
  onSelect: (day: string) => void;
}) {
  const { grid, cell } = useGridKeys({ row: weeks.length, column: 7 });
  const zone = useZone(market);
  const first = weeks.flat().find((day) => day.session !== null)?.date;
  const start = weeks.flat().some((day) => day.date === selected && day.session !== null) ? selected : first;
  return (
    <div className="stack">
      <table className={styles.month} {...grid}>
        <caption className="visually-hidden">Sessions of the month; arrow keys go from day to day</caption>
        <thead>
          <tr>
            {WEEKDAYS.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week, row) => (
            <tr key={week[0]?.date}>
              {week.map((day, column) => (
                <td key={day.date} className={classOf(day)}>
                  {day.session === null ? (
                    <div className={styles.day}>
                      <DayInside day={day} today={today} now={now} zone={zone} />
                    </div>
                  ) : (
                    <button
                      type="button"
                      className={styles.day}
                      aria-pressed={day.date === selected}
                      aria-current={day.date === today ? "date" : undefined}
                      title={titleOf(day)}
                      onClick={() => onSelect(day.date)}
                      {...cell({ row, column }, day.date === start)}
                    >
                      <DayInside day={day} today={today} now={now} zone={zone} />
                    </button>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className={styles.legend}>
        {Object.entries(VERDICTS).map(([verdict, meaning]) => (
          <span key={verdict}>
            {certificateWord({ verdict: verdict as keyof typeof VERDICTS, overdue: false })?.mark} {verdict}: {meaning}
          </span>
        ))}
        <span>– none: there is no certificate</span>
        <span>Times are closes, {zone.replaceAll("_", " ")}; those that are early stand out.</span>
        <span>Holidays were compared with the exchange's schedule up to {dayText(checkedUntil)}.</span>
      </p>
    </div>
  );
}

function DayInside({ day, today, now, zone }: { day: Day; today: string; now: number; zone: string }) {
  const word = certificateWord(day.certified);
  const close = day.session && timeText(day.session.session_close, zone).replace(/:00 ([AP]M).*$/, " $1");
  return (
    <>
      <span className={styles.date}>
        <span className={day.date === today ? styles.today : undefined}>{Number(day.date.slice(8))}</span>
        {day.date === today && <span className="visually-hidden">today</span>}
      </span>
      {close !== null && <span className={day.session?.is_early_close ? styles.early : "quiet"}>{close}</span>}
      {isRunning(day.session, now) && <span className={styles.running}>● open now</span>}
      {word !== null && (
        <span className={styles[word.tone]}>
          <span aria-hidden="true">{word.mark}</span> {word.word}
        </span>
      )}
      {remarksOf(day).map((remark) => (
        <span key={remark} className={styles.remark}>
          {remark}
        </span>
      ))}
    </>
  );
}

function titleOf(day: Day): string {
  const reasons = day.certified?.reasons ?? [];
  return [dayText(day.date), ...remarksOf(day), ...reasons].join("\n");
}

function classOf(day: Day): string {
  const classes = [day.isInMonth ? styles.inMonth : styles.outside, day.closed ? styles.closed : ""];
  return classes.filter(Boolean).join(" ");
}
