package org.espalier.backend.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NormalDistributionTest {

    private static final double ROUNDING = 1e-15;

    /** Computed with 30 digits by another program. Far out what is rounded is the exponential's argument. */
    @ParameterizedTest
    @CsvSource({
        "-20, 2.7536241186062336951e-89, 5e-14",
        "-10, 7.619853024160526066e-24, 2e-14",
        "-5, 2.8665157187919391167e-7, 5e-15",
        "-3.5, 0.00023262907903552503635, 5e-15",
        "-3, 0.0013498980316300945267, 5e-15",
        "-2.5, 0.006209665325776135167, 5e-15",
        "-1, 0.15865525393145705141, 5e-15",
        "-0.25, 0.40129367431707627576, 5e-15",
        "0, 0.5, 0",
        "0.5, 0.69146246127401310364, 5e-15",
        "1, 0.84134474606854294859, 5e-15",
        "3, 0.99865010196836990547, 5e-15",
        "3.2, 0.99931286206208415197, 5e-15",
        "8, 0.9999999999999993779, 5e-15",
        "40, 1, 0"
    })
    void cumulative(double x, double expected, double relative) {
        assertEquals(expected, NormalDistribution.cumulative(x), relative * expected);
    }

    @Test
    void bothWaysOfComputingItMeet() {
        double below = NormalDistribution.cumulative(Math.nextUp(1.5));
        assertEquals(below, NormalDistribution.cumulative(1.5), ROUNDING);
        assertEquals(0, NormalDistribution.cumulative(Double.NEGATIVE_INFINITY));
        assertEquals(1, NormalDistribution.cumulative(Double.POSITIVE_INFINITY));
        assertTrue(Double.isNaN(NormalDistribution.cumulative(Double.NaN)));
    }

    @Test
    void densityIsTheSlope() {
        for (double x = -6; x <= 6; x += 0.37) {
            double step = 1e-5;
            double slope =
                    (NormalDistribution.cumulative(x + step) - NormalDistribution.cumulative(x - step)) / (2 * step);
            assertEquals(slope, NormalDistribution.density(x), 1e-10);
        }
    }
}
