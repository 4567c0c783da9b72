/** Bytes as they arrive, into the lines of JSON that they hold. A line without its end is no line. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  // Kept in pieces: an object of a megabyte comes in many chunks, and joining at each would be quadratic.
  let pieces: string[] = [];
  for await (const chunk of chunks) {
    const lines = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      const text = pieces.join('') + line;
      pieces = [];
      if (text.trim() !== '') yield JSON.parse(text) as unknown;
    }
    if (rest !== '') pieces.push(rest);
  }
}
