// Installs llama.cpp for text generation:  npm run llama
import { SetupFailure } from "./setup/failure.mjs";
import { ensureLlama, llamaDir } from "./setup/llama.mjs";
import { createProgress } from "./setup/progress.mjs";

try {
  await ensureLlama(createProgress({ quiet: false }));
  console.log(`Text generation is ready when the app is started with BELLOWS_LLAMA_FOLDER=${llamaDir}`);
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error;
  console.error(`Error: ${error.message}`);
  process.exitCode = error.exitCode;
}
