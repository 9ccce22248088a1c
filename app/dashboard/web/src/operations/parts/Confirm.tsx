import type { ReactNode } from "react";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorNote } from "../../ui/states";
import styles from "./parts.module.css";

/** A question before something is done that matters; it stays while that runs, and shows why it failed. */
export function Confirm({
  title,
  act,
  kind = "danger",
  isRunning,
  isReady = true,
  error,
  onAct,
  onClose,
  children,
}: {
  title: string;
  /** What the button says, such as "Stop SCHWAB". */
  act: string;
  kind?: "danger" | "primary";
  isRunning: boolean;
  isReady?: boolean;
  error: Error | null;
  onAct: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="stack">
        <div className={styles.prose}>{children}</div>
        {error && <ErrorNote error={error} />}
        <div className="row">
          <Button kind={kind} disabled={isRunning || !isReady} onClick={onAct}>
            {isRunning ? "…" : act}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </div>
    </Dialog>
  );
}
