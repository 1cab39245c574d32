import type { AiModel } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import type { Candidate } from "./attempts.ts";
import type { ModelProvider, ProviderModel } from "./provider.ts";

/** The model that chooses sentences of passages and needs no provider. */
export const EXTRACTIVE = "extractive";
/** The model that judges moods by a lexicon. */
export const VADER = "vader";
/** Passages' text and answer that `extractive` takes and gives at most, in tokens. */
const EXTRACTIVE_TOKENS = 4_096;
const BUILT_IN = "built-in";

/** What can be asked for by a name: one model at the providers that have it, in the order of the settings, or `extractive`. */
export type ChosenModel =
  | { readonly kind: "extractive"; readonly maxTokens: number }
  | { readonly kind: "provider"; readonly candidates: readonly [Candidate, ...Candidate[]]; readonly maxTokens: number };

/** What judges moods: the lexicon, or one model at the providers that have it. */
export type MoodModel = { readonly kind: "vader" } | {
  readonly kind: "provider";
  readonly candidates: readonly [Candidate, ...Candidate[]];
};

/** The models there are. */
export class Models {
  readonly #providers: readonly ModelProvider[];
  readonly #moodModel: string;

  /** `moodModel` judges moods where the request names no other. */
  constructor(providers: readonly ModelProvider[], moodModel: string = VADER) {
    this.#providers = providers;
    this.#moodModel = moodModel;
  }

  /**
   * The model of this name. Empty and `default`: the first provider's first model, and where that fails the next provider's first; `extractive` when there is
   * no provider. Throws `not_found` that lists what there is.
   */
  choose(name: string): ChosenModel {
    const byDefault = name === "" || name === "default";
    if (name === EXTRACTIVE || (byDefault && this.#providers.length === 0)) return { kind: "extractive", maxTokens: EXTRACTIVE_TOKENS };
    const candidates = this.#candidates((provider) =>
      byDefault ? provider.models[0] : provider.models.find((known) => known.name === name)
    );
    if (candidates === undefined) throw this.#unknown(name, this.list().filter((model) => model.name !== VADER));
    return { kind: "provider", candidates, maxTokens: candidates[0].model.maxTokens };
  }

  /** Every model once, the default one first. */
  list(): readonly AiModel[] {
    const seen = new Set<string>();
    const served = this.#providers.flatMap(({ name: provider, models }) =>
      models.filter(({ name }) => !seen.has(name) && seen.add(name)).map(({ name, contextTokens, maxTokens }) => ({
        ...{ name, provider, contextTokens, maxTokens, generates: true, sentiment: true },
      }))
    );
    const builtIn = { provider: BUILT_IN, contextTokens: 0, generates: false };
    const all = [
      ...served,
      { ...builtIn, name: EXTRACTIVE, maxTokens: EXTRACTIVE_TOKENS, sentiment: false },
      { ...builtIn, name: VADER, maxTokens: 0, sentiment: true },
    ];
    return all.map((model, index) => ({ ...model, default: index === 0 }));
  }

  /** What judges moods by this name; empty and `default`: what the setting says. Throws `not_found` that lists what there is. */
  chooseForMoods(name: string): MoodModel {
    const wanted = name === "" || name === "default" ? this.#moodModel : name;
    if (wanted === VADER) return { kind: "vader" };
    const candidates = this.#candidates((provider) => provider.models.find((known) => known.name === wanted));
    if (candidates === undefined) throw this.#unknown(wanted, this.list().filter(({ sentiment }) => sentiment));
    return { kind: "provider", candidates };
  }

  #candidates(modelOf: (provider: ModelProvider) => ProviderModel | undefined): readonly [Candidate, ...Candidate[]] | undefined {
    const [first, ...others] = this.#providers.flatMap((provider): Candidate[] => {
      const model = modelOf(provider);
      return model === undefined ? [] : [{ provider, model }];
    });
    return first === undefined ? undefined : [first, ...others];
  }

  #unknown(name: string, known: readonly AiModel[]): ChatError {
    const text = `There is no model ${JSON.stringify(name)} for this; there is ${known.map((model) => model.name).join(", ")}`;
    return new ChatError("not_found", text, { field: "model" });
  }
}
