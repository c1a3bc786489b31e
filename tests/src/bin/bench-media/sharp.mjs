// What `cargo bench-media` compares with: a photo in the sizes and types that ours comes in.
// Usage: node sharp.mjs <folder of sharp> <each | once> <threads> <photo> <quality> <size>…
// Writes a line: milliseconds, of which of processor time, KiB at most, bytes of all files.
//
// `each` is what sharp's manual shows: every file from the photo, which is decoded smaller for the small ones. `once`
// decodes the photo once and makes each size of the next larger one, as ours does.
import { createRequire } from "node:module";

const [folder, way, threads, photo, quality, ...sizes] = process.argv.slice(2);
const sharp = createRequire(`${folder}/`)("sharp");
// There is one photo, so nothing is worth keeping.
sharp.cache(false);
sharp.concurrency(Number(threads));

const compressed = (picture) => [
  picture().webp({ quality: Number(quality) }),
  picture().jpeg({ quality: Number(quality), chromaSubsampling: "4:2:0" }),
];
const inside = (picture, size) => picture.resize(size, size, { fit: "inside", withoutEnlargement: true });

const [began, spent] = [process.hrtime.bigint(), process.cpuUsage()];
let total = 0;
let larger;
for (const size of sizes.map(Number).sort((a, b) => b - a)) {
  let picture;
  if (way === "each") {
    picture = () => inside(sharp(photo).rotate(), size);
  } else {
    const from = larger ? sharp(larger.data, { raw: larger.info }) : sharp(photo).rotate();
    larger = await inside(from, size).raw().toBuffer({ resolveWithObject: true });
    const { data, info } = larger;
    picture = () => sharp(data, { raw: info });
  }
  for (const file of compressed(picture)) total += (await file.toBuffer()).length;
}
const wall = Number(process.hrtime.bigint() - began) / 1e6;
const { user, system } = process.cpuUsage(spent);
console.log(wall, (user + system) / 1e3, process.resourceUsage().maxRSS, total);
