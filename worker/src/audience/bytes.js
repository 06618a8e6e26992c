// Pieces of bytes that belong together.

/** How many bytes there are in all pieces. */
export function length(pieces) {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
}

/**
 * All pieces as one; a single piece is itself.
 *
 * @param {Uint8Array[]} pieces
 */
export function join(pieces) {
  if (pieces.length === 1) return pieces[0];
  const whole = new Uint8Array(length(pieces));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
