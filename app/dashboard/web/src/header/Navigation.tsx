import { Link, useLocation } from "wouter";
import styles from "./Navigation.module.css";

/** The pages, and the key that opens each after `g`. */
export const PAGES = [
  { href: "/", text: "Quotes", key: "q" },
  { href: "/chart", text: "Chart", key: "c" },
  { href: "/analysis", text: "Analysis", key: "a" },
  { href: "/premarket", text: "Pre-market", key: "p" },
  { href: "/operations", text: "Operations", key: "o" },
] as const;

/** Links to the pages. */
export function Navigation() {
  const [location] = useLocation();
  const isHere = (href: string) => (href === "/" ? location === "/" : location.startsWith(href));
  return (
    <nav aria-label="Pages" className={styles.navigation}>
      <div className={styles.pages}>
        {PAGES.map((page) => (
          <Link key={page.href} href={page.href} aria-current={isHere(page.href) ? "page" : undefined}>
            {page.text}
          </Link>
        ))}
      </div>
    </nav>
  );
}
