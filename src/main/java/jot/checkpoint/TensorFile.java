package jot.checkpoint;

import java.util.List;
import java.util.Map;

/**
 * What one file holds, whatever its format.
 *
 * @param tensors  the tensors in the order of the file, names distinct
 * @param metadata what the file says about itself
 */
record TensorFile(List<Tensor> tensors, Map<String, String> metadata) {
}
