import type { Client, Container, Platform } from "@dagger.io/dagger";
import { EvenkeelError } from "../../errors.js";
import { engineWords } from "../engine-error.js";
import type { BaseImage } from "./labels.js";

/**
 * A container of an image, held to the digest that its tag has now, so that everything built in one run
 * starts from the same bytes.
 *
 * @throws EvenkeelError `image-missing` when it cannot be had.
 */
export async function pinImage(
  client: Client,
  image: string,
  platform: string | null,
): Promise<{ readonly container: Container; readonly base: BaseImage }> {
  const empty = client.container(platform === null ? {} : { platform: platform as Platform });
  try {
    const pinned = await empty.from(image).imageRef();
    const [name = image, digest = ""] = pinned.split("@");
    return { container: empty.from(pinned), base: { name, digest } };
  } catch (cause) {
    throw new EvenkeelError("image-missing", `The image ${image} cannot be had: ${engineWords(cause)}.`, {
      why: "The engine asked the registry that the image's name stands for.",
      next: "Check the name in evenkeel.yaml (`test.image`, `build.node.base`) and that the engine reaches its registry, and run again.",
      cause,
    });
  }
}
