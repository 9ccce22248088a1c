import { type ReactNode, useId } from "react";
import { useCaller, useLoginHref, useMay } from "./Caller";
import type { Role } from "./caller";
import styles from "./Restricted.module.css";

/**
 * Controls that take a role; whoever has it not finds them disabled, and why, unless that `isTold` elsewhere. What was
 * typed in them stays.
 */
export function Restricted({ to, isTold = true, children }: { to: Role; isTold?: boolean; children: ReactNode }) {
  const { may, reason } = useMay(to);
  const id = useId();
  return (
    <>
      <fieldset
        className={styles.controls}
        disabled={!may}
        aria-describedby={isTold && reason !== null ? id : undefined}
      >
        {children}
      </fieldset>
      {isTold && <WhyNot id={id} reason={reason} />}
    </>
  );
}

/** Why something cannot be done, with the way to the login where that is what it takes; nothing without a reason. */
export function WhyNot({ id, reason }: { id?: string; reason: string | null }) {
  const { standing } = useCaller();
  const href = useLoginHref();
  if (reason === null) return null;
  return (
    <p id={id} className={styles.why}>
      {reason} {standing?.me?.kind !== "user" && <a href={href}>Log in</a>}
    </p>
  );
}
