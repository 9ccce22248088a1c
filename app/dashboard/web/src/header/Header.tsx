import styles from "./Header.module.css";

/** What is always in sight: the market, its next transition, and how the pipeline does. */
export function Header() {
  return (
    <header className={styles.header}>
      <strong className={styles.name}>Thor</strong>
    </header>
  );
}
