import { Link, useLocation } from "wouter";
import styles from "./Tabs.module.css";

/** Links to the parts of a page, of which one is shown. */
export function Tabs({
  label,
  tabs,
}: {
  label: string;
  /** A count of 0 is not shown; text is shown as it is, such as "100+". */
  tabs: readonly { href: string; text: string; count?: number | string }[];
}) {
  const [location] = useLocation();
  return (
    <nav aria-label={label} className={styles.tabs}>
      {tabs.map((tab) => (
        <Link key={tab.href} href={tab.href} aria-current={location === tab.href ? "page" : undefined}>
          {tab.text}
          {Boolean(tab.count) && <span className={styles.count}>{tab.count}</span>}
        </Link>
      ))}
    </nav>
  );
}
