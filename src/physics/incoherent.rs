//! Which model of incoherent scattering: angles and totals from one place. Neglects what each model says of itself.

use crate::error::Result;
use crate::physics::Material;
use crate::physics::compton::{compton_integral, compton_mean, compton_pdf};
use crate::physics::form_factor::MixedFormFactor;
use crate::physics::impulse::ImpulseApproximation;

/// A model of incoherent (Compton) scattering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IncoherentModel {
    /// XCOM's total, angles of free electrons at rest.
    Free,
    /// XCOM's total, angles with Hubbell's incoherent scattering function.
    #[default]
    Xcom,
    /// Total, angles and energies of the impulse approximation.
    Impulse,
}

impl IncoherentModel {
    /// As summaries name it.
    pub fn name(self) -> &'static str {
        match self {
            IncoherentModel::Free => "free",
            IncoherentModel::Xcom => "xcom",
            IncoherentModel::Impulse => "impulse",
        }
    }
}

/// A model in a material.
#[derive(Debug, Clone)]
pub struct Incoherent {
    model: Model,
}

#[derive(Debug, Clone)]
enum Model {
    Function { form_factor: MixedFormFactor, bound: bool },
    Impulse(ImpulseApproximation),
}

impl Incoherent {
    /// Prepares a model.
    ///
    /// # Errors
    /// When an element has no data.
    pub fn new(material: &Material, model: IncoherentModel) -> Result<Self> {
        let function =
            |bound| Ok(Model::Function { form_factor: MixedFormFactor::new(material)?, bound });
        let model = match model {
            IncoherentModel::Free => function(false)?,
            IncoherentModel::Xcom => function(true)?,
            IncoherentModel::Impulse => Model::Impulse(ImpulseApproximation::new(material)?),
        };
        Ok(Incoherent { model })
    }

    /// The shells of the impulse approximation.
    pub fn impulse(&self) -> Option<&ImpulseApproximation> {
        match &self.model {
            Model::Impulse(impulse) => Some(impulse),
            Model::Function { .. } => None,
        }
    }

    /// Pdf in mu, not normalised, cm2/g.
    pub fn pdf(&self, energy_mev: f64, mu: f64) -> f64 {
        match &self.model {
            Model::Function { form_factor, bound } => {
                compton_pdf(form_factor, energy_mev, mu, *bound)
            }
            Model::Impulse(impulse) => impulse.pdf(energy_mev, mu),
        }
    }

    /// Incoherent attenuation, cm2/g, where XCOM's is `xcom`.
    pub fn mu_over_rho(&self, energy_mev: f64, xcom: f64) -> f64 {
        match &self.model {
            Model::Function { .. } => xcom,
            Model::Impulse(_) => self.integral(energy_mev, |_| 1.0),
        }
    }

    /// Mean over the scattered photons of a function of mu.
    pub fn mean(&self, energy_mev: f64, of: impl Fn(f64) -> f64) -> f64 {
        match &self.model {
            Model::Function { form_factor, bound } => {
                compton_mean(form_factor, energy_mev, *bound, of)
            }
            Model::Impulse(impulse) => {
                impulse.integral(energy_mev, of) / impulse.integral(energy_mev, |_| 1.0)
            }
        }
    }

    fn integral(&self, energy_mev: f64, weight: impl Fn(f64) -> f64) -> f64 {
        match &self.model {
            Model::Function { form_factor, bound } => {
                compton_integral(form_factor, energy_mev, *bound, weight)
            }
            Model::Impulse(impulse) => impulse.integral(energy_mev, weight),
        }
    }
}
