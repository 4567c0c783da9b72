/** libnftables, loaded when first used: a machine without it can do all but rule texts. */
import { lastErrno, loadLibrary } from './koffi.ts';
import { KernelError } from '../errors.ts';
import { errno } from '../errno.ts';

type Pointer = object | bigint | null;
interface Library {
  readonly create: (flags: number) => Pointer;
  readonly free: (context: Pointer) => void;
  readonly bufferOutput: (context: Pointer) => number;
  readonly bufferErrors: (context: Pointer) => number;
  readonly run: (context: Pointer, text: Uint8Array) => number;
  readonly output: (context: Pointer) => string | null;
  readonly errors: (context: Pointer) => string | null;
}

const NAME = 'libnftables.so.1';
let loaded: Library | undefined;

function library(): Library {
  if (loaded !== undefined) return loaded;
  try {
    const file = loadLibrary(NAME);
    loaded = {
      create: file.func('void *nft_ctx_new(uint32_t flags)'),
      free: file.func('void nft_ctx_free(void *ctx)'),
      bufferOutput: file.func('int nft_ctx_buffer_output(void *ctx)'),
      bufferErrors: file.func('int nft_ctx_buffer_error(void *ctx)'),
      // Bytes of our own and not a `str`: no copy into koffi's heap, which 1 MiB of text would overflow.
      run: file.func('int nft_run_cmd_from_buffer(void *ctx, void *text)'),
      output: file.func('const char *nft_ctx_get_output_buffer(void *ctx)'),
      errors: file.func('const char *nft_ctx_get_error_buffer(void *ctx)'),
    };
    return loaded;
  } catch {
    const text = `${NAME} cannot be loaded; on Debian it is in the package libnftables1`;
    throw new KernelError({ errno: errno.ENOENT, operation: 'load', object: NAME, text });
  }
}

export interface NftContext {
  /** `failed` when nft refused the text; then nothing of it was done. */
  run(text: string): { readonly failed: boolean; readonly output: string; readonly errors: string };
  free(): void;
}

/** Its socket belongs to the network namespace in which this is called. One call at a time. */
export function createNftContext(): NftContext {
  const { create, free, bufferOutput, bufferErrors, run, output, errors } = library();
  const context = create(0);
  if (context === null) throw new KernelError({ errno: lastErrno(), operation: 'nft_ctx_new', object: NAME });
  bufferOutput(context);
  bufferErrors(context);
  return {
    run(text) {
      const failed = run(context, Buffer.from(`${text}\0`)) !== 0;
      return { failed, output: output(context) ?? '', errors: errors(context) ?? '' };
    },
    free: () => free(context),
  };
}
