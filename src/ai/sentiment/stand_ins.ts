/**
 * Words of reviews and headlines that VADER's lexicon, made for social media, does not know, by the word of the lexicon that stands in for them
 * because it is about as strong. Written by hand from everyday use, fitted to no collection.
 *
 * @module
 */
const BY_STAND_IN: Readonly<Record<string, string>> = {
  // 3.1
  superb: `phenomenal exceptional impeccable dazzling mesmerizing mesmerising unforgettable riveting spellbinding sublime
    top-notch first-rate five-star must-see tour-de-force jaw-dropping mind-blowing life-saver unbeatable`,
  // 1.8
  nice: `gripping engrossing absorbing captivating uplifting refreshing witty poignant touching memorable enchanting inventive imaginative
    stellar recommending reliable reliably durable sturdy comfy affordable superbly seamless seamlessly effortless effortlessly crisp vivid
    vividly tasty flavorful flavourful cozy cosy spotless attentive speedy intuitive nuanced polished insightful soars dazzles shines gem gems
    cure cures heals ceasefire well-made well-acted well-written well-crafted well-built deft deftly standout
    thought-provoking feel-good laugh-out-loud crowd-pleaser heart-warming knockout winsome beguiling nourishing succulent juicy
    pumped psyched stoked slay slays slayed slaying goated bravo banger wholesome yum hyped`,
  // 1.5 to 1.6
  satisfying: `surges soar rallies breakthrough record-breaking thrives thriving booming tender
    solidly sensitive classic promptly lightweight hearty versatile spacious sleek`,
  // -1.7
  annoying: `vapid uninspired clumsy clumsily contrived predictable clichéd cliched cliche clichés cliches formulaic forgettable shallow
    muddled overlong overwrought pretentious derivative stale mediocre plodding unconvincing amateurish cheesy manipulative half-baked flimsy
    cheaply refund refunded overpriced overrated laggy buggy glitchy glitch glitches smelly greasy soggy undercooked overcooked
    unhelpful unresponsive deceptive letdown let-down slump slumps tumble tumbles tumbled layoff layoffs downturn sued sues breach unrest
    clash clashes crackdown bland tedious tediously unfunny lifeless pointless sloppy wooden hackneyed tiresome wearying drab listless inept
    inert bloated misfire misfires absurd rattles leaks leaking malfunction malfunctioned malfunctions     knockoff knock-off plunges plummet plummets plummeted plunged misguided tepid sluggishly
    convoluted incoherent discolored discoloured scratchy snapped jammed shrank cramped dingy laborious
    hungover cringe cringy cringey yikes fml snooze snoozefest flopped crashes crashing crashed`,
  // -2.0 to -2.5
  awful: `garbage rubbish unusable tasteless flavorless flavourless inedible filthy mold moldy mould mouldy rip-off ripoff
    poorly bankruptcy outbreak pandemic earthquake flood floods flooding famine drought wildfire wildfires
    explodes exploded hostage hostages gunman gunmen corruption indicted convicted overdose unbearable unwatchable inane
    soulless stillborn deadly wounded casualties dies bombing bombings stabbing massacre massacres slain deaths death-toll abysmal
    trash trashy nightmare nightmarish scammers
    atrocious shoddy insufferable god-awful counterfeit`,
};

/** Each word's stand-in. */
export const STAND_INS: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_STAND_IN).flatMap(([standIn, words]) => words.trim().split(/\s+/).map((word) => [word, standIn] as const)),
);
