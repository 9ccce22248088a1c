import { useEffect, useState } from "react";
import { ApiProblem, lacksLogin } from "../api/problems";
import { countText } from "../format/numbers";
import { useLive } from "../live/LiveQuotes";
import type { StreamStanding } from "../live/standing";
import { Button } from "../ui/Button";
import { Instant } from "../ui/Instant";
import styles from "./StreamBanner.module.css";

/** Says when the quotes are not what they should be: lost, refused, the bus away, or events left out. */
export function StreamBanner() {
  const { standing, tryNow } = useLive();
  const [dismissed, setDismissed] = useState<number | null>(null);
  const trouble = troubleOf(standing);
  const { reset, conflated } = standing;
  return (
    <div role="status" className={styles.banners}>
      {trouble !== null && (
        <div className={`${styles.banner} ${styles.bad}`}>
          <span>{trouble}</span>
          {standing.state === "lost" && <Countdown until={standing.nextTryAt} />}
          {standing.state === "lost" && standing.nextTryAt !== null && <Button onClick={tryNow}>Try now</Button>}
        </div>
      )}
      {reset !== null && reset.at !== dismissed && (
        <div className={`${styles.banner} ${styles.warn}`}>
          <span>
            {RESET_REASONS[reset.reason] ?? "Events were lost to this page"}: the quotes were taken anew at{" "}
            <Instant at={new Date(reset.at).toISOString()} form="time" />.
          </span>
          <Button kind="bare" onClick={() => setDismissed(reset.at)}>
            Dismiss
          </Button>
        </div>
      )}
      {conflated > 0 && (
        <div className={styles.banner}>
          <span>
            {countText(conflated)} events were left out since this page was opened, because it read too slowly; the
            newest quote of each symbol is always shown.
          </span>
        </div>
      )}
    </div>
  );
}

const RESET_REASONS: Readonly<Record<string, string>> = {
  expired: "This page was away for longer than Thor keeps events",
  restarted: "The stream began anew",
  unknown: "Thor does not know where this page stopped reading",
};

/** What is wrong with the quotes, in a sentence; null when nothing is. */
export function troubleOf(standing: StreamStanding): string | null {
  if (isOfLogin(standing)) return null; // The header says that the login is over.
  if (standing.state === "lost") return lossText(standing);
  if (standing.isBusAway) return "Thor has lost its bus (Redis): nothing new can come until that is back.";
  if (standing.problem !== null && standing.hasSnapshot) {
    return `How current the quotes are is not known: ${standing.problem.message}`;
  }
  return null;
}

function isOfLogin({ state, reason, problem }: StreamStanding): boolean {
  return (state === "lost" && reason === "logged_out") || lacksLogin(problem);
}

function lossText({ reason, refusal, problem }: StreamStanding): string {
  if (problem instanceof ApiProblem && problem.status === 0) return `The quotes stand still: ${problem.message}`;
  if (reason === "refused") {
    return `The quotes are not live: ${refusal ?? "Thor refused the stream. All its places may be taken"}.`;
  }
  if (reason === "unanswered") {
    return "The quotes are not live: the stream is not answered. A browser has six connections to Thor: close other tabs.";
  }
  if (reason === "silent") return "The stream was open but told nothing, so it is made again.";
  return "The connection to Thor is lost: the quotes stand still.";
}

function Countdown({ until }: { until: number | null }) {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 250);
    return () => clearInterval(timer);
  }, []);
  // A number that changes each second is not read aloud.
  return (
    <span className="quiet" aria-hidden="true">
      {until === null ? "trying now …" : `next try in ${Math.max(0, Math.ceil((until - now) / 1_000))} s`}
    </span>
  );
}
