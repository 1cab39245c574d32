/** How good one ranking is, each 0 to 1. */
export interface Quality {
  readonly ndcg10: number;
  readonly averagePrecision: number;
  readonly recall1: number;
}

/** nDCG@10 with linear gains over log2 discounts (Järvelin and Kekäläinen, 2002), average precision over the ranking, and whether the first is relevant. */
export function quality(ranking: readonly string[], gains: ReadonlyMap<string, number>): Quality {
  const gain = (list: readonly number[]) => list.slice(0, 10).reduce((sum, value, rank) => sum + value / Math.log2(rank + 2), 0);
  const ideal = gain([...gains.values()].toSorted((left, right) => right - left));
  let [hits, precisions] = [0, 0];
  for (const [rank, id] of ranking.entries()) if (gains.has(id)) precisions += ++hits / (rank + 1);
  return {
    ndcg10: gain(ranking.map((id) => gains.get(id) ?? 0)) / ideal,
    averagePrecision: precisions / gains.size,
    recall1: gains.has(ranking[0] ?? "") ? 1 : 0,
  };
}

/** The mean of each measure. */
export function mean(all: readonly Quality[]): Quality {
  const of = (pick: (one: Quality) => number) => all.reduce((sum, one) => sum + pick(one), 0) / all.length;
  return { ndcg10: of((one) => one.ndcg10), averagePrecision: of((one) => one.averagePrecision), recall1: of((one) => one.recall1) };
}
