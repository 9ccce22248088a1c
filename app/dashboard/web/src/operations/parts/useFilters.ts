import { useState } from "react";
import { useSearchParams } from "wouter";

/** What is chosen, kept in the address so that it can be shared and gone back to; empty text is no choice. */
export function useFilters<Name extends string>(
  names: readonly Name[],
): [Record<Name, string>, (change: Partial<Record<Name, string>>) => void] {
  const [params, setParams] = useSearchParams();
  const chosen = Object.fromEntries(names.map((name) => [name, params.get(name) ?? ""])) as Record<Name, string>;
  const change = (those: Partial<Record<Name, string>>) =>
    setParams((before) => changed(before, those), { replace: true });
  return [chosen, change];
}

/** The parameters of an address with some of them replaced; those that are empty now are gone. */
export function changed(before: URLSearchParams, those: Partial<Record<string, string>>): URLSearchParams {
  const after = new URLSearchParams(before);
  for (const [name, value] of Object.entries(those)) {
    if (value) after.set(name, value);
    else after.delete(name);
  }
  return after;
}

/** The value where it is one of these, else undefined: an address may name anything. */
export function oneOf<Value extends string>(value: string, those: readonly Value[]): Value | undefined {
  return those.find((one) => one === value);
}

/** Where in a paged list one is. */
export interface Pages {
  readonly cursor: string | undefined;
  readonly number: number;
  older(next: string): void;
  newer(): void;
}

/** The page of a list that is shown; another question (`of`) begins at the first. */
export function usePages(of: string): Pages {
  const [at, setAt] = useState<{ of: string; cursors: readonly string[] }>({ of, cursors: [] });
  const cursors = at.of === of ? at.cursors : [];
  return {
    cursor: cursors.at(-1),
    number: cursors.length + 1,
    older: (next) => setAt({ of, cursors: [...cursors, next] }),
    newer: () => setAt({ of, cursors: cursors.slice(0, -1) }),
  };
}
