import type { Shape } from "../api/client";

/** Who Thor takes this browser for. */
export type Me = Shape<"MeAnswer">;
/** What somebody may do: look, also run the desk, also decide who may what. */
export type Role = Me["role"];

/** Who one is, and whether one was somebody with this page before and is not any more. */
export interface Standing {
  /** Null where Thor knows nobody here and reads nothing out to strangers. */
  readonly me: Me | null;
  readonly isOver: boolean;
}

const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };
const LOGIN = "/login";

/** How one stands by what Thor says now (null: it knows nobody here) and how one stood before. */
export function standingAfter(before: Standing | undefined, me: Me | null): Standing {
  if (me === null) return { me, isOver: true };
  const wasSomebody = before?.isOver === true || before?.me?.kind === "user";
  return { me, isOver: me.kind === "anonymous" && wasSomebody };
}

/** Whether somebody may do what needs a role; undefined is not known yet. */
export function allows(standing: Standing | undefined, needed: Role): boolean {
  return standing?.me != null && RANK[standing.me.role] >= RANK[needed];
}

/** Why one may not do what needs a role, in a sentence; null where one may, or where it is not known yet. */
export function reasonAgainst(standing: Standing | undefined, needed: Role, what = "change this"): string | null {
  if (standing === undefined || allows(standing, needed)) return null;
  const { me } = standing;
  const article = needed === "viewer" ? "a" : "an";
  if (me === null || me.kind === "anonymous") return `Log in as ${article} ${needed} to ${what}.`;
  return `You are ${me.role === "viewer" ? "a viewer" : `an ${me.role}`}: this takes ${article} ${needed}.`;
}

/** Where one logs in, to come back to a place of this page afterwards. */
export function loginHref(standing: Standing | undefined, place: string): string {
  return `${standing?.me?.login_path ?? LOGIN}?next=${encodeURIComponent(place)}`;
}
