import { useEffect, useState, useSyncExternalStore } from "react";
import { door } from "../api/client";
import { Button } from "../ui/Button";
import { useCaller, useLoginHref } from "./Caller";
import styles from "./CallerBanner.module.css";

/** Says that the login is over, or that Thor has asked this page to wait; nothing else. */
export function CallerBanner() {
  const { waitUntil } = useSyncExternalStore(door.watch, door.barred);
  return (
    <div className={styles.banners} role="alert">
      <LoginOver />
      {waitUntil !== null && <Wait until={waitUntil} />}
    </div>
  );
}

function LoginOver() {
  const { standing, dismiss } = useCaller();
  const href = useLoginHref();
  if (standing === undefined || !standing.isOver) return null;
  return (
    <div className={styles.banner}>
      <strong>You are not logged in any more.</strong>
      <span>
        {standing.me === null
          ? "Nothing here is brought up to date until you are."
          : "What is shown goes on; to change something takes a login."}
      </span>
      <a href={href}>Log in</a>
      {standing.me !== null && (
        <Button kind="bare" onClick={dismiss}>
          Dismiss
        </Button>
      )}
    </div>
  );
}

function Wait({ until }: { until: number }) {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className={styles.banner}>
      <strong>Thor has asked this page to wait: it asked too often.</strong>
      {/* A number that changes each second is not read aloud. */}
      <span aria-hidden="true">It goes on in {Math.max(0, Math.ceil((until - now) / 1_000))} s.</span>
    </div>
  );
}
