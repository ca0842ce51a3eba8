// Words that hold a sentence together: whoever teaches a task by ten lines in one language doesn't mean them.
import { FOLD } from './alphabet.ts';
import { DENSE_SEED, mix, SEED } from './lexicon.ts';
import { stemLength } from './stem.ts';

const SPACED = `
the a an of to in on at for from with without by and or but not no do does did don doesn didn is are was were be been am has have had will would can could
should shall may might must i me my mine we us our you your he she it its they them their this that these those there here what which who whom when where why how
if then than so as about into out up down off over again please just only some any all more most very too also want need s t m re ve ll d
el la los las lo un una unos unas de del al a en con por para sin sobre y o u e ni que qué se me te le nos les mi mis tu tus su sus yo es son fue
ser está están estar ha han he hay este esta esto estos estas ese esa eso no si sí más muy ya como cómo cuál cuáles cuándo cuánto cuánta cuántos
dónde quién pero cada todo toda puedo puede quiero necesito
der die das den dem des ein eine einen einem einer eines und oder aber in im ins an am auf aus bei mit nach von vom zu zum zur für über unter um
ist sind war waren sein hat habe haben wird werden wurde nicht kein keine ich du er sie es wir ihr mir mich mein meine meinen meiner dein sein ihre
ihren dies diese diesen dieser dieses was wer wie wo wann warum welche welcher welches wie viel dass ob auch noch nur kann können soll muss gibt bitte will möchte brauche
le la les l un une des du de d au aux à en dans sur sous par pour avec sans et ou ni que qu qui quoi quel quelle quels quelles ce cet cette ces ça c
se s me m te t moi je j tu il elle on nous vous ils elles mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs est sont était a ai ont être
avoir fait fais faire ne n pas plus très où quand comment combien y si puis peut veux voudrais faut besoin
`;

/** Neighbouring characters of Chinese that stand in any sentence. Of Japanese, every two of hiragana. */
const DENSE = `
什么 怎么 么时 时候 为什 怎样 多少 多久 哪里 哪个 可以 我的 你的 他的 这个 那个 个月 一个 一下 一些 我要 我想 想要 需要 能不 不能 是不 不是 有没 没有 请问 请把
请帮 帮我 给我 我们 你们 他们 但我 我没 我被 的时 到了 了我
この その どの 何を 何が 何で
`;
const HIRAGANA = { first: 0x3041, last: 0x3096 };

const wordHash = (word: string): number => {
  const units = Uint16Array.from({ length: word.length }, (_, at) => FOLD[word.charCodeAt(at)]!);
  return units.subarray(0, stemLength(units, units.length)).reduce(mix, SEED);
};
const pairHash = (one: number, other: number): number => [FOLD[one]!, FOLD[other]!].reduce(mix, DENSE_SEED);

/** Hashes as the scanner finds them. */
export const FUNCTION_WORDS: ReadonlySet<number> = collected();

function collected(): ReadonlySet<number> {
  const hashes = new Set(SPACED.split(/\s+/).filter(Boolean).map(wordHash));
  for (const pair of DENSE.split(/\s+/).filter(Boolean)) hashes.add(pairHash(pair.charCodeAt(0), pair.charCodeAt(1)));
  const { first, last } = HIRAGANA;
  for (let one = first; one <= last; one += 1)
    for (let other = first; other <= last; other += 1) hashes.add(pairHash(one, other));
  return hashes;
}
