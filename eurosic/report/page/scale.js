// Colours in steps at round numbers, as in the figures (report/scale.py): orange is loss, purple is gain, equal
// strength for equal amounts; other variables run from dark blue to yellow.

const PALEST = 0.1;

function roundStep(range, wanted) {
  const rough = range / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
}

function roundSteps(low, high, wanted = 9) {
  const step = roundStep(high - low, wanted);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

// Looks a colour up on a ramp, `place` from 0 to 1.
const onRamp = (ramp, place) => ramp[Math.round(place * (ramp.length - 1))];

function divergingColours(steps, sense) {
  const middles = steps.slice(1).map((step, i) => (step + steps[i]) / 2);
  const most = Math.max(...middles.map(Math.abs));
  return middles.map((middle) => {
    const amount = (sense * middle) / most;
    return onRamp(data.colours.diverging, 0.5 + Math.sign(amount) * (PALEST + (0.5 - PALEST) * Math.abs(amount)));
  });
}

const sequentialColours = (steps) =>
  steps.slice(1).map((_, i) => onRamp(data.colours.sequential, i / Math.max(1, steps.length - 2)));

/** 2nd and 98th percentile and extremes over some layers, each a function of the cell. */
function rangeOf(layers, count) {
  const range = { low: Infinity, high: -Infinity, least: Infinity, greatest: -Infinity };
  for (const layer of layers) {
    const sorted = Float32Array.from({ length: count }, (_, i) => layer(i)).sort();
    range.low = Math.min(range.low, sorted[Math.floor(0.02 * (count - 1))]);
    range.high = Math.max(range.high, sorted[Math.ceil(0.98 * (count - 1))]);
    range.least = Math.min(range.least, sorted[0]);
    range.greatest = Math.max(range.greatest, sorted[count - 1]);
  }
  return range;
}

/** A scale with zero as a step (`signed`) or without; `sense` -1 exchanges orange and purple. */
function scaleOf(range, signed, sense) {
  let { low, high } = range;
  if (signed) {
    const largest = Math.max(Math.abs(low), Math.abs(high)) || Math.max(-range.least, range.greatest);
    const small = 0.02 * largest;
    low = range.least < -small ? Math.min(low, -small) : 0;
    high = range.greatest > small ? Math.max(high, small) : 0;
  }
  if (low === high) [low, high] = signed ? [-1, 1] : [low - 0.5, high + 0.5];
  const steps = roundSteps(low, high);
  const colours = signed ? divergingColours(steps, sense) : sequentialColours(steps);
  const colour = (value) => {
    let i = 0;
    while (i < colours.length - 1 && value >= steps[i + 1]) i += 1;
    return colours[i];
  };
  return { steps, colours, colour, below: range.least < steps[0], above: range.greatest > steps[steps.length - 1] };
}

const signs = (text) => text.replace(/-(?=[\d.])/g, "−");
/** A number in `digits` decimals with a typographic sign; small ones get three significant digits instead. */
function told(value, digits, signed = false) {
  const small = value !== 0 && Math.abs(value) < 10 ** -digits * 10;
  const text = small ? String(Number(value.toPrecision(2))) : value.toFixed(digits);
  const plain = /e/.test(text) ? value.toFixed(9).replace(/0+$/, "") : text;
  return signs(signed && value > 0 ? `+${plain}` : plain);
}
