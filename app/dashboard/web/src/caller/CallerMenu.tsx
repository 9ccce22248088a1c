import { Button } from "../ui/Button";
import { useCaller, useLoginHref } from "./Caller";
import styles from "./CallerMenu.module.css";

/** Who is logged in, and the way out; or the way in. */
export function CallerMenu() {
  const { standing } = useCaller();
  const href = useLoginHref();
  if (standing === undefined) return null;
  const { me } = standing;
  if (me === null || me.kind === "anonymous") {
    return (
      <a className={styles.login} href={href}>
        Log in
      </a>
    );
  }
  return (
    <div className={styles.caller}>
      <span className={styles.who} title={`${me.name}, ${me.role}`}>
        <strong className={styles.name}>{me.name}</strong> <span className="quiet">{me.role}</span>
      </span>
      {me.kind === "user" && (
        <form method="post" action={me.logout_path}>
          <Button type="submit" className={styles.out}>
            Log out
          </Button>
        </form>
      )}
    </div>
  );
}
