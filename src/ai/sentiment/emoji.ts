/**
 * What emoji say of a mood. The valences are on VADER's scale (-4 to 4), set by hand after the names and the everyday use of the signs; signs
 * that people use for either mood (🙃 💀 🙏 😅) or for none are not here.
 *
 * @module
 */
const BY_VALENCE: readonly (readonly [valence: number, signs: string])[] = [
  [3, "😍 🥰 😻 🤩 💖 💕 💞 💗 ❤ 🧡 💛 💚 💙 💜 🤎 🖤 🤍 🩷 🩵 💘 💝 ❣ ❤‍🔥 💯 🏆 🥇"],
  [2.5, "😀 😃 😄 😁 😆 😊 ☺ 😇 🥳 🎉 🎊 😘 😚 😙 😗 😸 😺 😽 🫶 💓 💟 👩‍❤‍👨 👩‍❤‍👩 👨‍❤‍👨 👩‍❤‍💋‍👨 💏 💑 🤗"],
  [2, "😂 🤣 😹 🙂 😋 😎 😌 🙌 👏 👍 💪 ✨ 🌟 ⭐ 🤤 🥹 ☀ 🌞 🌈 🎁 🍾 🥂 🏅 ❤‍🩹 😛 😝 🤪"],
  [1.3, "😉 😜 😏 👌 🤝 🔥 ✅ ✌ 💐 🌹 🌸 🌺 🌷 🤙 🍀 🎈 🚀 🕺 💃 🆒 🆗 ☑ 💋 🤭"],
  [-1, "😐 😑 😶 🙄 😬 🤨 😕 🫤 🤷 🤥 😮‍💨 😧 🥱 🤦 🌧 ⚠ ❌ 🚫 🤒 🤕 🤧 😷"],
  [-2, "🙁 ☹ 😟 😞 😔 😣 😖 😩 😫 😒 😓 😥 😢 😿 😰 😨 😦 😱 😵 😵‍💫 👎 💔 🤢 🥺 🙅 🙀 😾 😤 🥶 ☠"],
  [-2.5, "😭 😠 🤮 🤬 💩 🖕 👿"],
  [-3, "😡"],
];

const VALENCES: ReadonlyMap<string, number> = new Map(
  BY_VALENCE.flatMap(([valence, signs]) => signs.split(" ").map((sign) => [sign, valence] as const)),
);
const EMOJI = /\p{RGI_Emoji}|\p{Extended_Pictographic}\ufe0f?/gv;
/** Skin tones, and the mark that a sign is to be shown in colour. */
const SHADES = /[\u{1f3fb}-\u{1f3ff}\ufe0f]/gu;
const JOINER = "\u200d";
/** The same sign again and again says little more: each repeat counts for this part of the one before. */
const REPEAT_WEIGHT = 0.5;

/** The text without its emoji, and what each of them says; 0 for one that says nothing of a mood. */
export function takeEmoji(text: string): { readonly text: string; readonly valences: readonly number[] } {
  const valences: number[] = [];
  const times = new Map<string, number>();
  const rest = text.replace(EMOJI, (emoji) => {
    const sign = emoji.replace(SHADES, "");
    const seen = times.get(sign) ?? 0;
    times.set(sign, seen + 1);
    // A sequence that is not in the table, such as one with a gender, is what its first sign is.
    const valence = VALENCES.get(sign) ?? VALENCES.get(sign.split(JOINER)[0]!) ?? 0;
    valences.push(valence * REPEAT_WEIGHT ** seen);
    return " ";
  });
  return { text: rest, valences };
}
