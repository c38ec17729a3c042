/** Bytes that look random and are the same for the same seed: both ends can make them. Xorshift32, four at a time. */
export function* bytePieces(seed: number, length: number, pieceLength: number): Generator<Uint8Array> {
  let state = (seed | 1) >>> 0;
  for (let at = 0; at < length; at += pieceLength) {
    const words = new Uint32Array(Math.ceil(Math.min(pieceLength, length - at) / 4));
    for (let i = 0; i < words.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[i] = state;
    }
    yield new Uint8Array(words.buffer, 0, Math.min(pieceLength, length - at));
  }
}
