/**
 * An order in which symbols that move together stand beside each other: clusters are joined from the nearest on, by the
 * mean of their correlations; where one is not known it counts as none.
 */
export function clusterOrder(
  symbols: readonly string[],
  correlation: (one: string, other: string) => number | null,
): string[] {
  let clusters = symbols.map((symbol) => [symbol]);
  while (clusters.length > 1) {
    const [first, second] = nearest(clusters, correlation);
    const joined = [...(clusters[first] ?? []), ...(clusters[second] ?? [])];
    clusters = clusters.flatMap((cluster, place) => (place === first ? [joined] : place === second ? [] : [cluster]));
  }
  return clusters[0] ?? [];
}

function nearest(
  clusters: readonly (readonly string[])[],
  correlation: (one: string, other: string) => number | null,
): [number, number] {
  let found: [number, number] = [0, 1];
  let most = Number.NEGATIVE_INFINITY;
  clusters.forEach((one, first) => {
    clusters.slice(first + 1).forEach((other, rest) => {
      const pairs = one.flatMap((a) => other.map((b) => correlation(a, b) ?? 0));
      const mean = pairs.reduce((sum, pair) => sum + pair, 0) / pairs.length;
      if (mean > most) {
        most = mean;
        found = [first, first + 1 + rest];
      }
    });
  });
  return found;
}
