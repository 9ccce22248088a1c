import { Link } from "wouter";
import { countdownText, dayText } from "../format/times";
import { useServerNow } from "../live/ServerClock";
import { awaited } from "./moments";
import type { Ladder } from "./words";

/** The ladder that comes next or is under way, where another one is shown, and when it goes on. */
export function Coming({ ladders, shown }: { ladders: readonly Ladder[]; shown: string | undefined }) {
  const now = useServerNow();
  const coming = ladders.findLast((one) => one.phase !== "over" && one.session_date !== shown);
  const next = coming && awaited(coming.stages);
  if (coming === undefined || next == null) return null;
  return (
    <span className="quiet">
      Next: <Link href={`/premarket/${coming.session_date}`}>{dayText(coming.session_date)}</Link>, {next.stage}{" "}
      {next.what} in <span className="number">{countdownText(Date.parse(next.at) - now)}</span>
    </span>
  );
}
