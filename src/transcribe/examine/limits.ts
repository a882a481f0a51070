/** SageMaker's limit of an asynchronous request's payload: "1 GB" in its guide, taken as 1,024 to the third power. */
export const MOST_BYTES = 1024 ** 3;

export const tooLarge = (bytes: number): string =>
  `It has ${(bytes / 1e9).toFixed(1)} GB, and SageMaker takes 1 GB at most.`;
