"""Which source forms a fault can have: the table from codes to forms, the most telling first.

A form is a function Source -> list of (unit, node). A code without a form has no line of its own to point at: what is
missing from a program stands nowhere in it.
"""

from collections.abc import Callable

from unstuck.diagnosis.source import deltas, gradients, outputs, preparation, settings
from unstuck.diagnosis.source.reading import Matches, Source

Form = Callable[[Source], Matches]

FORMS: dict[str, tuple[Form, ...]] = {
    "D02": (preparation.unscaled_inputs,),
    "D03": (preparation.unsigned_difference,),
    "D05": (preparation.test_prepared_differently,),
    "D06": (preparation.training_inputs_with_test_labels,),
    "D07": (preparation.scaled_labels,),
    "D10": (preparation.separate_shuffles,),
    "D11": (preparation.training_inputs_with_test_labels,),
    "D12": (preparation.fixed_order, preparation.batch_loop),
    "D14": (preparation.separate_shuffles,),
    "A01": (settings.constant_weights, settings.tiny_uniform_weights),
    "A02": (settings.unscaled_normal_weights, settings.uncentred_weights),
    "A05": (settings.uncentred_weights,),
    "A06": (settings.tiny_weights,),
    "A07": (settings.unscaled_normal_weights, settings.uncentred_weights),
    "A08": (settings.layer_sizes,),
    "F01": (outputs.sum_over_everything, outputs.library_softmax),
    "F02": (outputs.sum_along_the_wrong_axis, outputs.library_softmax),
    "F03": (outputs.exponential_without_shift,),
    "F04": (outputs.exponential_of_plus,),
    "F06": (outputs.activation_before_softmax,),
    "F07": (outputs.product_without_bias,),
    "F09": (outputs.overwritten_in_place,),
    "L01": (outputs.softmax_of_the_network,),
    "L03": (outputs.logarithm_without_guard,),
    "L04": (outputs.softmax_times_one_minus, deltas.output_error),
    "B01": (deltas.activation_as_factor,),
    "B02": (deltas.back_product_alone,),
    "B03": (deltas.derivative_at_other_point,),
    "B04": (deltas.derivative_twice,),
    "B05": (deltas.odd_weights_in_back_product,),
    "B06": (deltas.update_before_back_product,),
    "B07": (deltas.odd_inputs_in_gradient,),
    "B08": (gradients.bias_summed_to_one_number, gradients.bias_gradient),
    "B09": (settings.accumulator_scaled, settings.only_weight_update),
    "B10": (deltas.error_with_wrong_sign,),
    "B11": (outputs.softmax_times_one_minus,),
    "B15": (gradients.only_weight_gradient,),
    "B16": (gradients.product_of_two_vectors,),
    "B17": (gradients.only_weight_gradient,),
    "U01": (deltas.error_with_wrong_sign,),
    "U02": (settings.accumulator_not_cleared,),
    "U03": (settings.momentum_term,),
    "U04": (settings.momentum_term,),
    "U05": (settings.loop_variable_rebound,),
    "U06": (settings.integer_weights,),
    "U07": (settings.learning_rate,),
    "U08": (settings.learning_rate,),
    "U09": (settings.epochs,),
    "U10": (settings.weight_decay,),
    "U14": (settings.accumulator_scaled,),
    "U18": (settings.rebound_bias, gradients.bias_gradient),
    "E01": (
        preparation.compared_with_the_maximum_of_all,
        preparation.accuracy_in_one_statement,
    ),
}
