// Logarithms of the gamma and beta functions, and the normal distribution.

const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188] as const;

/** Stirling's series, shifted up to where it is exact to twelve digits. */
export function logGamma(x: number): number {
  let [shifted, correction] = [x, 0];
  while (shifted < 10) {
    correction -= Math.log(shifted);
    shifted += 1;
  }
  const series = STIRLING.reduceRight((sum, factor) => factor + sum / (shifted * shifted), 0) / shifted;
  return correction + (shifted - 0.5) * Math.log(shifted) - shifted + 0.5 * Math.log(2 * Math.PI) + series;
}

export const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);

export const density = (z: number): number => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);

/** Of the standard normal below `z`: the complementary error function by its continued fraction and series. */
export function below(z: number): number {
  if (z < -38) return 0;
  if (z > 38) return 1;
  if (Math.abs(z) < 4) {
    let [term, sum] = [z, z];
    for (let k = 1; k < 120 && Math.abs(term) > 1e-12 * Math.abs(sum); k += 1) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 + sum * density(z);
  }
  const x = Math.abs(z);
  let fraction = x;
  for (let k = 24; k > 0; k -= 1) fraction = x + k / fraction;
  const tail = density(x) / fraction;
  return z < 0 ? tail : 1 - tail;
}
