import { PAGES } from "./Navigation";
import { type Session, STATUS } from "./sessionWords";

/** The title of the window: the page, then how the market stands, or that Thor is away. */
export function titleOf(location: string, session: Session | undefined, isAway: boolean): string {
  const status = isAway ? "AWAY" : session && STATUS[session.status].word;
  return `${pageOf(location)} | Thor${status ? `: ${status}` : ""}`;
}

function pageOf(location: string): string {
  const [, first = "", second] = location.split("/");
  const page = PAGES.find((one) => one.href === `/${first}`) ?? PAGES[0];
  return second ? `${second} ${page.text}` : page.text;
}
