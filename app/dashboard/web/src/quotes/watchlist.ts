/** What is to be known of an instrument to find it. */
export interface Named {
  readonly symbol: string;
  readonly name: string;
}

/** The list with the symbol at `from` one place further up (-1) or down (1), as far as there is room. */
export function moved(symbols: readonly string[], from: number, step: -1 | 1): readonly string[] {
  const [here, there] = [symbols[from], symbols[from + step]];
  if (here === undefined || there === undefined) return symbols;
  return symbols.map((symbol, at) => (at === from ? there : at === from + step ? here : symbol));
}

/** Instruments that are not on the list and match what is searched, by symbol first, then by name. */
export function candidates<One extends Named>(
  instruments: Iterable<One>,
  symbols: readonly string[],
  search: string,
): readonly One[] {
  const wanted = search.trim().toLowerCase();
  const rank = ({ symbol, name }: Named) => {
    if (symbol.toLowerCase().startsWith(wanted)) return 0;
    return matches({ symbol, name }, wanted) ? 1 : 2;
  };
  return [...instruments]
    .filter((one) => !symbols.includes(one.symbol) && rank(one) < 2)
    .sort((a, b) => rank(a) - rank(b) || a.symbol.localeCompare(b.symbol));
}

/** Whether symbol or name has what is searched. */
export function matches({ symbol, name }: Named, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  return symbol.toLowerCase().includes(wanted) || name.toLowerCase().includes(wanted);
}
