import type { ReactNode } from "react";
import { KnownCaller } from "../caller/Caller";
import type { Me, Role, Standing } from "../caller/caller";

/** Somebody, changed as told: the user anna, an operator. */
export function madeMe(change: Partial<Me> = {}): Me {
  return {
    kind: "user",
    name: "anna",
    role: "operator",
    login_path: "/login",
    logout_path: "/logout",
    ...change,
  };
}

/** The user anna, who is an operator. */
export const OPERATOR: Standing = { me: madeMe(), isOver: false };

/** Nobody in particular, who may look. */
export const ANONYMOUS: Standing = {
  me: madeMe({ kind: "anonymous", name: "anonymous", role: "viewer" }),
  isOver: false,
};

/** What is shown to the user anna, who has a role. */
export function ForRole({ role = "operator", children }: { role?: Role; children: ReactNode }) {
  return <KnownCaller standing={{ me: madeMe({ role }), isOver: false }}>{children}</KnownCaller>;
}
